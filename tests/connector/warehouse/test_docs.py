"""``docs/kpi.md`` names every table and column, and its queries run."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from smarter_connector.sinks.warehouse.tables import TABLES

PAGE = (Path(__file__).parents[3] / "docs" / "kpi.md").read_text(encoding="utf-8")
QUERIES = "\n".join(re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)).split(";")


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_described(name: str) -> None:
    table = TABLES[name]
    (line,) = re.findall(rf"^\| `{name}` \|.*$", PAGE, re.MULTILINE)
    assert set(table.columns) - set(re.findall(r"\w+", line)) == set()
    assert f"`{table.key}`" in line


@pytest.mark.parametrize("query", [query for query in QUERIES if query.strip()])
def test_the_queries_run(reader: psycopg.Connection, query: str) -> None:
    assert reader.execute(query).description


def test_every_figure_is_described(reader: psycopg.Connection) -> None:
    names = reader.execute("""
        SELECT proname FROM pg_proc WHERE pronamespace = 'kpi'::regnamespace
        UNION SELECT relname FROM pg_class WHERE relnamespace = 'kpi'::regnamespace""").fetchall()
    missing = {name for (name,) in names if f"kpi.{name}" not in PAGE}
    assert missing - {"ini", "rango"} == set()
