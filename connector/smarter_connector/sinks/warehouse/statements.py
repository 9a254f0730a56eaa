"""The SQL of the writer, made from the list of tables. Rows come as one JSON parameter, so that a
statement is the same whatever the size of the batch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from psycopg import sql

from smarter_connector.sinks.warehouse.tables import VERSION, LineTable, Naming, Table

#: Only a newer version changes a row; the rows it did change come back.
_UPSERT = """
INSERT INTO {table} AS t ({columns})
SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s)
ON CONFLICT (tenant, {key}) DO UPDATE SET {updates}, updated_at = now()
WHERE (t.epoch, t.number) < (excluded.epoch, excluded.number) RETURNING t.{key}
"""
_CLEAR_LINES = "DELETE FROM {table} WHERE tenant = %s AND {key} = ANY(%s)"
_INSERT_LINES = """
INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s)
"""
#: Of the facts whose own id, or whose dimension's, is given.
_NAME = """
UPDATE {table} AS t SET {updates} FROM {dimension} AS d
WHERE {given} = ANY(%s) AND t.tenant = %s AND d.tenant = t.tenant AND d.{key} = t.{key}
    AND NOT d.deleted AND ({old}) IS DISTINCT FROM ({new})
"""
#: First in a transaction. Whoever writes names waits for who writes facts, and the other way round:
#: one could miss the rows of the other else. Those who write facts alone do not wait.
LOCK_NAMES = "SELECT pg_advisory_xact_lock(hashtextextended('smarteros names ' || %s, 0))"
SHARE_NAMES = "SELECT pg_advisory_xact_lock_shared(hashtextextended('smarteros names ' || %s, 0))"

UPDATE_TENANT = """
UPDATE wh.tenants SET name = %(name)s, slug = %(slug)s, plan = %(plan)s, status = %(status)s,
    epoch = %(epoch)s, number = %(number)s, event_id = %(event_id)s, event_time = %(event_time)s,
    updated_at = now()
WHERE rut = %(tenant)s AND (epoch, number) < (%(epoch)s, %(number)s)
"""
INSERT_MARK = """
INSERT INTO wh.marks (event_id, tenant, epoch, number)
VALUES (%(event_id)s, %(tenant)s, %(epoch)s, %(number)s) ON CONFLICT DO NOTHING
"""
#: Last in a transaction: the row is shared by all batches of a company.
RAISE_WATERMARKS = """
INSERT INTO wh.watermarks AS w (tenant, rut, event_time)
SELECT %(tenant)s, rut, event_time
FROM unnest(%(ruts)s::text[], %(times)s::timestamptz[]) AS u (rut, event_time)
ON CONFLICT (rut) DO UPDATE
SET event_time = greatest(w.event_time, excluded.event_time), loaded_at = now()
"""
REGISTER_RUT = "SELECT wh.register_rut(%s, %s)"


@lru_cache(maxsize=32)
def upsert(table: Table) -> sql.Composed:
    changing = ("rut", *table.columns, *VERSION)
    return _compose(
        _UPSERT,
        table.name,
        table.key,
        ("tenant", table.key, *changing),
        updates=sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in changing
        ),
    )


@lru_cache(maxsize=32)
def clear_lines(table: Table, lines: LineTable) -> sql.Composed:
    return _compose(_CLEAR_LINES, lines.name, table.key)


@lru_cache(maxsize=32)
def insert_lines(table: Table, lines: LineTable) -> sql.Composed:
    columns = ("tenant", "rut", table.key, *lines.columns, "epoch", "number")
    return _compose(_INSERT_LINES, lines.name, table.key, columns)


@lru_cache(maxsize=64)
def name_facts(naming: Naming, table: str, *, of_dimension: bool) -> sql.Composed:
    """Takes ids and the tenant: ids of the dimension, or else of the facts."""
    given = ("d", naming.id) if of_dimension else ("t", naming.tables[table])
    pairs = naming.columns.items()
    return sql.SQL(_NAME).format(
        table=sql.Identifier("wh", table),
        dimension=sql.Identifier("wh", naming.dimension),
        key=sql.Identifier(naming.key),
        given=sql.Identifier(*given),
        updates=_list(sql.SQL("{} = {}").format(_id(a), _id("d", b)) for a, b in pairs),
        old=_list(_id("t", a) for a, _ in pairs),
        new=_list(_id("d", b) for _, b in pairs),
    )


_id = sql.Identifier


def _list(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


def _compose(
    statement: str, table: str, key: str, columns: tuple[str, ...] = (), **more: sql.Composable
) -> sql.Composed:
    return sql.SQL(statement).format(
        table=sql.Identifier("wh", table),
        key=sql.Identifier(key),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        **more,
    )
