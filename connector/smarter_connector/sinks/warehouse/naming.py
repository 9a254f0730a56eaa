"""Names that stand in facts are those of the dimension, whichever of the two came last.

So a customer who is renamed has one name everywhere, and a rebuilt warehouse equals the grown one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import psycopg

from smarter_connector.sinks.warehouse import statements
from smarter_connector.sinks.warehouse.tables import NAMINGS, Naming

Written = Mapping[str, Collection[int]]
"""Table -> ids of the records that a transaction wrote there; lines count under their record's."""


async def lock_names(
    connection: psycopg.AsyncConnection[Any], tenant: str, tables: Collection[str]
) -> None:
    """Before anything is written to ``tables``; held until the transaction ends."""
    alone = any(naming.dimension in tables for naming in NAMINGS)
    lock = statements.LOCK_NAMES if alone else statements.SHARE_NAMES
    await connection.execute(lock, [tenant])


async def name_facts(
    connection: psycopg.AsyncConnection[Any], tenant: str, written: Written
) -> None:
    """Put names into the facts written, and new names into all facts of their records."""
    for naming in NAMINGS:
        for table in naming.tables:
            await _name(connection, tenant, naming, table, written)


async def _name(
    connection: psycopg.AsyncConnection[Any],
    tenant: str,
    naming: Naming,
    table: str,
    written: Written,
) -> None:
    for of_dimension in (True, False):
        ids = written.get(naming.dimension if of_dimension else table)
        if ids:
            statement = statements.name_facts(naming, table, of_dimension=of_dimension)
            await connection.execute(statement, [sorted(ids), tenant])
