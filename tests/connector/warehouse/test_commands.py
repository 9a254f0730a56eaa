"""``smarter-connector warehouse`` on a server of the test's own."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from smarter_connector.cli import app
from tests.connector.warehouse.samples import A
from tests.postgres import PrivateServer


@pytest.fixture
def admin(private_server: PrivateServer, tmp_path: Path) -> Path:
    path = tmp_path / "admin"
    path.write_text(make_conninfo(**private_server.server.admin.dsn("postgres")))
    return path


def call(admin: Path, *words: str) -> str:
    options = ["--admin-dsn-file", str(admin), "--secrets", str(admin.parent / "secrets")]
    result = CliRunner().invoke(app, ["warehouse", *words, *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_install_and_enter_a_tenant(admin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = admin.parent / "secrets"
    call(admin, "install")
    call(admin, "tenant", "77.654.321-7", "--name", "Comercial Ejemplo SpA")
    reader = secrets / "kpi_77654321_7_dsn"
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {0o600}
    with psycopg.connect(reader.read_text()) as connection:
        assert connection.execute("SELECT name FROM wh.tenants").fetchall() == [
            ("Comercial Ejemplo SpA",)
        ]
    assert "left alone" in call(admin, "install")

    tenants = [{"database": "t", "uuid": "u", "rut": A}]
    monkeypatch.setenv("SMARTER_TENANTS", json.dumps(tenants))
    monkeypatch.setenv("SMARTER_WAREHOUSE_DSN_FILE", str(secrets / "warehouse_dsn"))
    result = CliRunner().invoke(app, ["warehouse", "digest", A, "--json"])
    assert (result.exit_code, json.loads(result.output)) == (1, [])


def test_a_wrong_rut_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "admin").write_text("host=127.0.0.1 port=1 password=geheim")
    options = ["--admin-dsn-file", str(tmp_path / "admin"), "--secrets", str(tmp_path)]
    result = CliRunner().invoke(app, ["warehouse", "tenant", "1-2", *options])
    assert result.exit_code == 3
    assert result.output.startswith("error: ") and "geheim" not in result.output


def test_an_unreachable_server_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "admin").write_text("host=127.0.0.1 port=1 password=geheim")
    options = ["--admin-dsn-file", str(tmp_path / "admin"), "--secrets", str(tmp_path)]
    result = CliRunner().invoke(app, ["warehouse", "install", *options])
    assert result.exit_code == 3
    assert len(result.output.splitlines()) == 1 and "geheim" not in result.output
