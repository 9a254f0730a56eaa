"""Are two warehouses, or one at two moments, the same? A digest of the living rows per company.

Versions and times of loading are left out: a rebuilt row has a newer version and the same content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from smarter_connector.sinks.warehouse.tables import LINE_TABLES, TABLES, VERSION
from smarter_connector.sinks.warehouse.writer import Connection

Place = tuple[str, str]
"""(RUT, table)."""

_DIGEST = """
SELECT rut, count(*), md5(string_agg(content, '' ORDER BY content))
FROM (SELECT rut, md5((to_jsonb(t) - %(left_out)s::text[])::text) AS content
      FROM {table} t WHERE tenant = %(tenant)s AND {living}) AS contents
GROUP BY rut
"""


@dataclass(frozen=True, slots=True)
class Digest:
    """How many rows, and a hash of what is in them."""

    rows: int
    content: str


async def digest(connection: Connection, tenant: str) -> dict[Place, Digest]:
    """What the warehouse holds of a tenant; companies and tables without rows are absent."""
    found: dict[Place, Digest] = {}
    values = {"tenant": tenant, "left_out": [*VERSION, "updated_at"]}
    for table in (*TABLES, *LINE_TABLES):
        living = sql.SQL("NOT deleted" if table in TABLES else "true")
        query = sql.SQL(_DIGEST).format(table=sql.Identifier("wh", table), living=living)
        cursor = await connection.execute(query, values)
        for rut, rows, content in await cursor.fetchall():
            found[rut, table] = Digest(rows, content)
    return found


def differences(before: Mapping[Place, Digest], after: Mapping[Place, Digest]) -> list[str]:
    """One sentence for each company and table that is not the same; none when all is equal."""
    nothing = Digest(0, "")
    sentences = []
    for place in sorted({*before, *after}):
        old, new = before.get(place, nothing), after.get(place, nothing)
        if old != new:
            how = f"{old.rows} rows, then {new.rows}"
            how = how if old.rows != new.rows else f"{old.rows} rows, with other content"
            sentences.append(f"{place[1]} of {place[0]}: {how}")
    return sentences
