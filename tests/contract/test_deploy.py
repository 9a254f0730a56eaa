"""The scripts inside the images: they refuse to start half configured, and provision for real."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from devkit.paths import REPO
from smarter_connector.provisioning import CONNECTOR_ROLE
from tests.contract.compose import PROJECT
from tests.postgres import PrivateServer, private_server

DEPLOY = REPO / "deploy"
PASSWORD = "a-password-of-this-test"


def run(*command: object, **environment: str) -> subprocess.CompletedProcess:
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPO / "connector"), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [str(part) for part in command],
        env={**base, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    assert run(DEPLOY / "new-secrets", folder).returncode == 0
    return folder


@pytest.fixture(scope="module")
def own_server() -> Iterator[PrivateServer]:
    with private_server() as server:
        yield server


def entrypoint(secrets: Path, **environment: str) -> subprocess.CompletedProcess:
    conf = secrets.parent / "odoo.conf"
    values = {"SECRETS_DIR": str(secrets), "ODOO_RC": str(conf), "ODOO_DB_HOST": "db"}
    return run(DEPLOY / "odoo" / "entrypoint", "cat", conf, **{**values, **environment})


def provision(secrets: Path, server: PrivateServer, *arguments: str):
    admin = server.server.admin
    (secrets / "pg_admin_password").chmod(0o600)
    (secrets / "pg_admin_password").write_text(admin.password)
    place = {"PGHOST": admin.host, "PGPORT": admin.port, "PGUSER": admin.user}
    script = DEPLOY / "connector" / "provision.py"
    return run(sys.executable, script, *arguments, SECRETS_DIR=str(secrets), **place)


def test_a_secret_is_made_for_every_one_the_composition_names(secrets):
    made = {path.name: path.read_text() for path in secrets.iterdir() if path.is_file()}
    assert set(made) == set(PROJECT["secrets"]) and (secrets / "targets").is_dir()
    assert len(set(made.values())) == len(made) and min(map(len, made.values())) == 43


def test_only_the_owner_can_enter_the_folder_of_secrets(secrets):
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700


def test_making_secrets_again_changes_none(secrets):
    before = {path.name: path.read_text() for path in secrets.iterdir() if path.is_file()}
    (secrets / "n8n_encryption_key").unlink()
    assert run(DEPLOY / "new-secrets", secrets).stdout.count("made ") == 1
    after = {path.name: path.read_text() for path in secrets.iterdir() if path.is_file()}
    assert {k: v for k, v in after.items() if before[k] != v}.keys() == {"n8n_encryption_key"}


def test_odoo_is_configured_from_the_secrets_behind_a_proxy(secrets):
    done = entrypoint(secrets)
    options = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line)
    assert options["db_password"] == (secrets / "pg_odoo_password").read_text()
    assert "server_wide_modules" not in options and "dbname" not in done.stdout
    assert (options["list_db"], options["proxy_mode"]) == ("False", "True")
    assert stat.S_IMODE((secrets.parent / "odoo.conf").stat().st_mode) == 0o600


def test_the_server_is_led_by_the_registry_with_odoos_own_role(secrets):
    (secrets / "pg_odoo_password").chmod(0o600)
    (secrets / "pg_odoo_password").write_text("it's a \\ long one!!")
    done = entrypoint(secrets, ODOO_REGISTRY="smarteros_registry")
    options = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line)
    assert options["server_wide_modules"].split(",")[-1] == "smarter_server"
    dsn = Path(options["smarter_registry_dsn_file"])
    parts = psycopg.conninfo.conninfo_to_dict(dsn.read_text())
    assert (parts["user"], parts["dbname"], parts["host"]) == ("odoo", "smarteros_registry", "db")
    assert parts["password"] == "it's a \\ long one!!"
    assert stat.S_IMODE(dsn.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["pg_odoo_password", "odoo_master_password"])
@pytest.mark.parametrize("value", [None, "", "admin", "short-password\n"])
def test_odoo_does_not_start_without_a_real_secret(secrets, name, value):
    (secrets / name).unlink()
    if value is not None:
        (secrets / name).write_text(value)
    done = entrypoint(secrets)
    assert done.returncode == 1 and name in done.stderr and "db_host" not in done.stdout


def test_odoo_does_not_start_without_a_database_host(secrets):
    assert entrypoint(secrets, ODOO_DB_HOST="").returncode != 0


def start(secrets: Path, folder: Path) -> subprocess.CompletedProcess:
    fake = folder / "smarter-connector"
    fake.write_text('#!/bin/sh\nprintf "%s " "$@"\ncat "$SMARTER_WAREHOUSE_DSN_FILE"\n')
    fake.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return run(
        sys.executable, DEPLOY / "connector" / "start.py", PATH=path, SECRETS_DIR=str(secrets),
        SMARTER_WAREHOUSE_DSN_FILE=str(folder / "dsn"), SMARTER_PG_HOST="db",
    )  # fmt: skip


def test_the_connector_runs_with_the_warehouses_connection_string(secrets, tmp_path):
    (secrets / "pg_kpi_writer_password").chmod(0o600)
    (secrets / "pg_kpi_writer_password").write_text("it's a \\ long one!!")
    command, _, dsn = start(secrets, tmp_path).stdout.partition(" ")
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    assert command == "run" and parts["password"] == "it's a \\ long one!!"
    assert (parts["user"], parts["dbname"], parts["host"]) == ("kpi_writer", "smarteros_kpi", "db")
    assert stat.S_IMODE((tmp_path / "dsn").stat().st_mode) == 0o600


@pytest.mark.parametrize("value", [None, "", "kpi"])
def test_the_connector_does_not_start_without_a_real_secret(secrets, tmp_path, value):
    (secrets / "pg_kpi_writer_password").unlink()
    if value is not None:
        (secrets / "pg_kpi_writer_password").write_text(value)
    done = start(secrets, tmp_path)
    assert done.returncode == 1 and "pg_kpi_writer_password" in done.stderr and not done.stdout


def test_the_health_check_fails_when_nobody_answers():
    script = DEPLOY / "connector" / "healthy.py"
    assert run(sys.executable, script, SMARTER_HTTP_PORT="9").returncode == 1


def test_provisioning_makes_roles_template_warehouse_and_rights(secrets, own_server):
    with own_server.server.odoo.connect() as odoo:
        odoo.execute("CREATE DATABASE t_77654321_7")
    for _ in range(2):
        done = provision(secrets, own_server)
        assert (done.returncode, done.stderr) == (0, "")
        assert "1 tenant databases" in done.stdout
    with own_server.server.admin.connect() as admin:
        rows = admin.execute("SELECT datname FROM pg_database").fetchall()
        asked = admin.execute(
            "SELECT has_database_privilege('kpi_writer', 't_77654321_7', 'CONNECT'),"
            " has_database_privilege(%s, 't_77654321_7', 'CONNECT'),"
            " (SELECT rolsuper FROM pg_roles WHERE rolname = 'odoo')",
            [CONNECTOR_ROLE],
        ).fetchone()
    assert {("smarteros_base",), ("smarteros_kpi",), ("smarteros_registry",)} <= set(rows)
    assert asked == (False, True, False)


def test_the_roles_log_in_with_the_passwords_of_the_secrets(secrets, own_server):
    provision(secrets, own_server)
    admin = own_server.server.admin
    for role, name in (("odoo", "pg_odoo_password"), ("kpi_writer", "pg_kpi_writer_password")):
        database = "postgres" if role == "odoo" else "smarteros_kpi"
        place = {"host": admin.host, "port": admin.port, "dbname": database, "user": role}
        psycopg.connect(**place, password=(secrets / name).read_text()).close()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(**place, password="odoo")


@pytest.mark.parametrize("arguments", [["reader"], ["drop", "x"]])
def test_an_unknown_order_to_provisioning_is_refused(secrets, own_server, arguments):
    assert provision(secrets, own_server, *arguments).returncode == 2


FAKE_DOCKER = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in *" tenant create "*) exit 3 ;; *" routes "*) exit "${ROUTES:-0}" ;; esac
"""


def tenant(folder: Path, *arguments: str, **environment: str) -> tuple[int, list[str]]:
    """The exit code of deploy/tenant, and what it asked of Docker."""
    log = folder / "called"
    log.write_text("")
    (folder / "docker").write_text(FAKE_DOCKER)
    (folder / "docker").chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = run(DEPLOY / "tenant", *arguments, PATH=path, LOG=str(log), **environment)
    return done.returncode, log.read_text().splitlines()


def test_an_operators_command_ends_as_it_ended_inside_and_the_proxy_is_told(tmp_path):
    code, calls = tenant(tmp_path, "create", "77654321-7", "--name", "Comercial Ejemplo SpA")
    assert code == 3 and len(calls) == 3
    assert calls[0].endswith("tenant create 77654321-7 --name Comercial Ejemplo SpA")
    assert "routes /var/lib/smarteros/routes/" in calls[1] and "proxy caddy reload" in calls[2]


def test_a_command_that_changes_no_host_does_not_touch_the_proxy(tmp_path):
    code, calls = tenant(tmp_path, "list", "--json")
    assert code == 0 and len(calls) == 1


def test_the_proxy_keeps_what_it_has_when_the_routes_cannot_be_written(tmp_path):
    _, calls = tenant(tmp_path, "delete", "77654321-7", ROUTES="1")
    assert len(calls) == 2 and not any("reload" in call for call in calls)
