"""Clones of the template for tests of the reset, and what can be compared between two of them."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.reset import Identity
from smarter_domain.tenancy import scratch_name

IDENTITY = Identity(
    rut="96123456-5",
    name="Comercial Ejemplo SpA",
    slug="comercial-ejemplo",
    plan="business",
    base_url="http://comercial-ejemplo.test.localhost",
    admin_email="Dueno@example.cl",
    external_ids={"clerk_org_id": "org_1"},
)

_TEXT = ("character varying", "text", "bytea", "jsonb", "json", "uuid")
_SECRETIVE = re.compile(r"token|secret|passw|key|uuid|hash|salt|signature|otp|credential", re.I)


@dataclass(frozen=True)
class Place:
    """A column, or a parameter: ``table`` and ``name`` say which."""

    table: str
    name: str


@contextmanager
def clone(platform: Platform, source: str) -> Iterator[str]:
    name = scratch_name(secrets.token_hex(6))
    platform.databases.clone(source, name)
    try:
        yield name
    finally:
        platform.databases.drop(name)


def template(platform: Platform) -> str:
    return platform.registry.templates()[0].database


def secretive(connection: psycopg.Connection) -> list[Place]:
    """Columns whose names sound like secrets."""
    query = """SELECT c.table_name, c.column_name FROM information_schema.columns c
               JOIN information_schema.tables t USING (table_schema, table_name)
               WHERE c.table_schema = 'public' AND table_type = 'BASE TABLE'
                 AND c.data_type = ANY(%s) ORDER BY 1, 2"""
    rows = connection.execute(query, [list(_TEXT)]).fetchall()
    return [Place(*row) for row in rows if _SECRETIVE.search(row[1])]


def secret_values(connection: psycopg.Connection) -> dict[str, set[Place]]:
    """Each secret-like value with the places where it stands."""
    found: dict[str, set[Place]] = {}
    for place in secretive(connection):
        query = sql.SQL("SELECT DISTINCT {0}::text FROM {1} WHERE {0}::text <> ''").format(
            sql.Identifier(place.name), sql.Identifier(place.table)
        )
        for (value,) in connection.execute(query).fetchall():
            found.setdefault(value, set()).add(place)
    for key, value in connection.execute("SELECT key, value FROM ir_config_parameter").fetchall():
        if _SECRETIVE.search(key):
            found.setdefault(value, set()).add(Place("ir_config_parameter", key))
    return found


def differing_tables(first: psycopg.Connection, second: psycopg.Connection) -> list[str]:
    """Tables that do not hold the same in both databases."""
    query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace"
    names = sorted(name for (name,) in first.execute(query, ["public"]).fetchall())
    statement = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t").format(
            sql.Literal(name), sql.Identifier(name)
        )
        for name in names
    )
    hashes = [dict(one.execute(statement).fetchall()) for one in (first, second)]
    return [name for name in names if hashes[0][name] != hashes[1][name]]


def rows(connection: psycopg.Connection, table: str) -> dict[str, dict[str, Any]]:
    """The rows of a table by id, or by their own text where there is none."""
    query = sql.SQL("SELECT row_to_json(t)::text FROM {} t").format(sql.Identifier(table))
    found = [json.loads(text) for (text,) in connection.execute(query).fetchall()]
    return {str(row.get("id", json.dumps(row, sort_keys=True))): row for row in found}
