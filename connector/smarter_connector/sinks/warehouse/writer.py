"""Writing rows: one transaction for a batch, a handful of statements whatever its size.

A row is written only if its version is newer than the one that is there. So late, repeated and
replayed events change nothing, a tombstone holds against older events, and a newer one ends it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import psycopg
from psycopg.types.json import Jsonb

from smarter_connector.sinks.warehouse import statements
from smarter_connector.sinks.warehouse.mapping import Row
from smarter_connector.sinks.warehouse.naming import lock_names, name_facts
from smarter_connector.sinks.warehouse.tables import TABLES, Table

Connection = psycopg.AsyncConnection[Any]


def newest(rows: Iterable[Row]) -> list[Row]:
    """The newest row of each record: the others would be overwritten in the same transaction."""
    found: dict[tuple[str, str, int], Row] = {}
    for row in rows:
        known = found.get(row.identity)
        if known is None or known.version < row.version:
            found[row.identity] = row
    return list(found.values())


async def write(connection: Connection, tenant: str, rows: Sequence[Row]) -> None:
    """Write rows of one tenant, all or none. Raises what psycopg raises."""
    by_table: dict[str, list[Row]] = defaultdict(list)
    for row in newest(rows):
        by_table[row.table].append(row)
    async with connection.transaction():
        await lock_names(connection, tenant, by_table)
        written: dict[str, set[int]] = {}
        for name, table in TABLES.items():
            if name in by_table:
                written[name] = await _write_table(connection, tenant, table, by_table[name])
                if table.lines:
                    written[table.lines.name] = written[name]
        await name_facts(connection, tenant, written)
        for name, statement in _SINGLE.items():
            for row in by_table.get(name, ()):
                await connection.execute(statement, _document(row))
        await _raise_watermarks(connection, tenant, rows)


_SINGLE = {"tenants": statements.UPDATE_TENANT, "marks": statements.INSERT_MARK}


async def _write_table(
    connection: Connection, tenant: str, table: Table, rows: Sequence[Row]
) -> set[int]:
    """Returns the ids of the rows that were newer than what was there."""
    # In the order of their keys, so that two batches with the same records cannot deadlock.
    ordered = sorted(rows, key=lambda row: row.id)
    documents = [{table.key: row.id, **_document(row)} for row in ordered]
    cursor = await connection.execute(statements.upsert(table), [_json(documents)])
    written = {key for (key,) in await cursor.fetchall()}
    if table.lines and written:
        clear = statements.clear_lines(table, table.lines)
        await connection.execute(clear, [tenant, sorted(written)])
        lines = [line for row in ordered if row.id in written for line in _lines(row, table.key)]
        if lines:
            insert = statements.insert_lines(table, table.lines)
            await connection.execute(insert, [_json(lines)])
    return written


async def _raise_watermarks(connection: Connection, tenant: str, rows: Sequence[Row]) -> None:
    times: dict[str, str] = {}
    for row in rows:
        times[row.rut] = max(times.get(row.rut, ""), row.event_time)
    ruts = sorted(times)
    values = {"tenant": tenant, "ruts": ruts, "times": [times[rut] for rut in ruts]}
    if ruts:
        await connection.execute(statements.RAISE_WATERMARKS, values)


def _document(row: Row) -> dict[str, Any]:
    epoch, number = row.version
    return {
        "tenant": row.tenant,
        "rut": row.rut,
        "epoch": epoch,
        "number": number,
        "event_id": row.event_id,
        "event_time": row.event_time,
        "deleted": row.deleted,
        **row.values,
    }


def _lines(row: Row, key: str) -> Iterable[Mapping[str, Any]]:
    epoch, number = row.version
    common = {
        "tenant": row.tenant, "rut": row.rut, key: row.id, "epoch": epoch, "number": number,
    }  # fmt: skip
    return ({**line, **common} for line in row.lines)


def _json(documents: Sequence[Mapping[str, Any]]) -> Jsonb:
    return Jsonb(documents, dumps=orjson.dumps)
