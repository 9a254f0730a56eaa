"""The embedded PostgreSQL: roles as in production, and a server that the last user stops."""

from __future__ import annotations

import os
import shutil

import psycopg
import pytest

from devkit import cluster, paths, roles, server
from devkit.paths import Home, SetupError
from devkit.server import Server
from tests.postgres import PrivateServer


def test_odoos_role_may_create_databases_and_nothing_more(pg_cluster: Server) -> None:
    query = """SELECT rolsuper, rolcreaterole, rolreplication, rolbypassrls, rolcreatedb
               FROM pg_roles WHERE rolname = current_user"""
    with pg_cluster.odoo.connect() as connection:
        assert connection.execute(query).fetchone() == (False, False, False, False, True)


def test_the_connectors_role_may_not_even_create_databases(pg_cluster: Server) -> None:
    with pg_cluster.connector.connect() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE DATABASE mine")


def test_no_login_without_its_password(pg_cluster: Server) -> None:
    for login in (pg_cluster.admin, pg_cluster.odoo, pg_cluster.connector):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(**{**login.dsn("postgres"), "password": "guess"})


def test_the_server_does_not_listen_on_the_network(pg_cluster: Server) -> None:
    with pg_cluster.admin.connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_the_extensions_wait_in_the_template_of_all_databases(pg_cluster: Server) -> None:
    name = "extensions_seen"
    with pg_cluster.odoo.connect() as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {roles.BASE_TEMPLATE}")
        try:
            with pg_cluster.odoo.connect(name) as inside:
                found = {row[0] for row in inside.execute("SELECT extname FROM pg_extension")}
        finally:
            connection.execute(f"DROP DATABASE {name}")
    assert set(roles.EXTENSIONS) <= found


def test_the_last_user_stops_the_server() -> None:
    home, name = paths.open_home(), f"x{os.getpid()}last"
    try:
        with cluster.running(home, name, "secret", durable=False) as found:
            with cluster.running(home, name, "secret", durable=False):
                pass
            assert cluster.is_running(found)
        assert not cluster.is_running(found)
    finally:
        shutil.rmtree(home.cluster(name))


def test_a_server_starts_again_with_its_data(private_server: PrivateServer) -> None:
    with private_server.server.odoo.connect() as connection:
        connection.execute("CREATE DATABASE kept")
    private_server.stop()
    assert not cluster.is_running(private_server.cluster)
    private_server.start()
    with private_server.server.odoo.connect("kept") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def foreign(login: server.Login, **changes: str) -> dict[str, str]:
    return {**login.environment(), **changes}


def test_a_server_of_the_users_own_needs_an_administrator(pg_cluster: Server, tmp_path) -> None:
    environ = foreign(pg_cluster.odoo)
    with pytest.raises(SetupError, match="PGUSER=odoo must be a superuser"):
        with server.opened(Home(tmp_path), "test", environ):
            pass


def test_what_is_missing_for_a_server_is_named(tmp_path) -> None:
    with pytest.raises(SetupError, match="PGUSER and PGPASSWORD of an administrator"):
        with server.opened(Home(tmp_path), "test", {"PGHOST": "db"}):
            pass


def test_a_server_that_cannot_be_reached_is_said(pg_cluster: Server, tmp_path) -> None:
    environ = foreign(pg_cluster.admin, PGPASSWORD="wrong")
    with pytest.raises(SetupError, match="cannot be used: .*password authentication failed"):
        with server.opened(Home(tmp_path), "test", environ):
            pass
