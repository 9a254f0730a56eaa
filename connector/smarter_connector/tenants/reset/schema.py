"""Which tables and columns a tenant's database has: every set of modules has others."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
from psycopg import sql

_COLUMNS = """
SELECT c.relname, a.attname, t.typname, a.attnotnull
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
  AND NOT a.attisdropped
"""


@dataclass(frozen=True)
class Column:
    table: str
    name: str
    type: str
    required: bool

    @property
    def is_text(self) -> bool:
        return self.type in ("varchar", "text", "bytea", "jsonb", "json", "uuid")


@dataclass(frozen=True)
class Schema:
    """The tables of schema ``public`` with their columns."""

    columns: tuple[Column, ...]
    _tables: dict[str, frozenset[str]] = field(repr=False)

    @classmethod
    def read(cls, connection: psycopg.Connection) -> Schema:
        columns = tuple(Column(*row) for row in connection.execute(_COLUMNS).fetchall())
        tables: dict[str, set[str]] = {}
        for column in columns:
            tables.setdefault(column.table, set()).add(column.name)
        return cls(columns, {table: frozenset(names) for table, names in tables.items()})

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(self._tables)

    def has(self, table: str, *columns: str) -> bool:
        """Whether there is such a table with all of these columns."""
        return table in self._tables and self._tables[table].issuperset(columns)


def update(
    connection: psycopg.Connection,
    schema: Schema,
    table: str,
    values: dict[str, object],
    where: str,
    parameters: list[object],
) -> int:
    """Write those of the values whose columns exist; returns how many rows there were.

    ``where`` is a condition written in this package, never text from outside.
    """
    known = {name: value for name, value in values.items() if schema.has(table, name)}
    if not known:
        return 0
    stamp = sql.SQL(", write_uid = 1, write_date = now() AT TIME ZONE 'utc'")
    stamped = schema.has(table, "write_uid", "write_date")
    statement = sql.SQL("UPDATE {} SET {}{} WHERE {}").format(
        sql.Identifier(table),
        sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in known),
        stamp if stamped else sql.SQL(""),
        sql.SQL(where),
    )
    return connection.execute(statement, [*known.values(), *parameters]).rowcount
