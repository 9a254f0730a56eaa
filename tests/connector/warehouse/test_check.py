"""What ``smarter-connector check`` asks of the warehouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from smarter_connector.cli.check import warehouse_problem
from tests.connector.support import settings
from tests.connector.warehouse.conftest import Installed
from tests.connector.warehouse.samples import A


async def problem(folder: Path, dsn: str, rut: str = A) -> str:
    path = folder / "dsn"
    path.write_text(dsn)
    return await warehouse_problem(settings(warehouse_dsn_file=path), rut)


async def test_a_warehouse_that_knows_the_tenant_is_well(kpi: Installed, tmp_path: Path) -> None:
    assert await problem(tmp_path, kpi.dsn) == ""


async def test_a_tenant_that_was_not_entered_is_named(kpi: Installed, tmp_path: Path) -> None:
    assert "not entered" in await problem(tmp_path, kpi.dsn, "11111111-1")
    assert kpi.rows("SELECT 1 FROM wh.tenants WHERE rut = '11111111-1'") == []


async def test_a_warehouse_that_is_away_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smarter_connector.sinks.warehouse.warehouse.WAIT_SECONDS", 0.3)
    said = await problem(tmp_path, "host=127.0.0.1 port=1 dbname=x user=y password=geheim")
    assert "cannot be reached" in said and "geheim" not in said


async def test_a_connection_string_that_is_none_is_told(tmp_path: Path) -> None:
    assert "cannot be read" in await problem(tmp_path, "password=geheim oops")
    missing = settings(warehouse_dsn_file=tmp_path / "missing")
    assert "No such file" in await warehouse_problem(missing, A)
