"""How the parts of the registry reach its database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from smarter_connector.exceptions import first_line
from smarter_connector.registry.errors import (
    Conflict,
    InvalidRequest,
    RegistryError,
    RegistryUnavailable,
)

MAX_JSON = 1024 * 1024

_TAKEN = {
    "tenant_rut": "the RUT belongs to another tenant",
    "tenant_slug": "the slug belongs to another tenant",
    "tenant_database_key": "the database belongs to another tenant",
    "tenant_uuid_key": "the database's uuid belongs to another tenant",
    "host_pkey": "a host belongs to another tenant",
    "backup_path_key": "the path belongs to another backup",
}


class Access:
    """Opens a connection for each piece of work; ``connect`` gives one to the registry."""

    def __init__(
        self, connect: Callable[[], psycopg.Connection], *, actor: str = "operator"
    ) -> None:
        self._connect = connect
        self.actor = actor[:200]

    @contextmanager
    def _work(self) -> Iterator[psycopg.Connection]:
        """One transaction. What PostgreSQL refuses is raised as an error of the registry."""
        try:
            with self._connect() as connection, connection.transaction():
                yield connection
        except psycopg.errors.UniqueViolation as error:
            raise taken(error) from error
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            raise InvalidRequest(
                first_line(error), status=error.diag.constraint_name or ""
            ) from error
        except psycopg.OperationalError as error:
            raise RegistryUnavailable(
                f"the registry cannot be reached: {first_line(error)}"
            ) from error
        except psycopg.Error as error:
            raise RegistryError(f"the registry failed: {first_line(error)}") from error

    def _record(
        self, connection: psycopg.Connection, tenant: int, event: str, detail: Mapping[str, Any]
    ) -> None:
        """A line of history, in the transaction of what it tells."""
        connection.execute(
            "INSERT INTO registry.history (tenant, rut, event, actor, detail)"
            " SELECT id, rut, %s, %s, %s FROM registry.tenant WHERE id = %s",
            [event, self.actor, as_json(detail), tenant],
        )


def taken(error: psycopg.errors.UniqueViolation) -> Conflict:
    name = error.diag.constraint_name or ""
    return Conflict(_TAKEN.get(name, "the name is taken"), status=name)


def assignments(columns: Mapping[str, Any], allowed: frozenset[str]) -> tuple[sql.SQL, list[Any]]:
    """``a = %s, b = %s`` with its values. Raises InvalidRequest for a column not allowed."""
    wrong = sorted(set(columns) - allowed)
    if wrong or not columns:
        raise InvalidRequest(f"these cannot be set: {', '.join(wrong) or 'nothing'}")
    parts = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in columns]
    values = [as_json(value) if isinstance(value, Mapping) else value for value in columns.values()]
    return sql.SQL(", ").join(parts), values


def as_json(value: Mapping[str, Any]) -> Jsonb:
    """Raises InvalidRequest when it is no JSON or longer than 1 MiB."""
    try:
        text = json.dumps(dict(value), default=str)
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"it cannot be written as JSON: {error}") from error
    if len(text) > MAX_JSON:
        raise InvalidRequest("it is longer than 1 MiB")
    return Jsonb(json.loads(text))
