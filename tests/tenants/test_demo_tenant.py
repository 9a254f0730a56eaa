"""The demo tenant of ``scripts/run`` is one tenant of its platform among others."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest
from psycopg import sql

from devkit import platform as local
from devkit import ports, tenant
from devkit.paths import Home, SetupError
from devkit.tenant import DEMO
from smarter_connector import tenants
from smarter_connector.tenants import CreateRequest, Platform
from tests.tenants import small


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A home of the test's own; its template is the little platform's."""
    monkeypatch.setattr(local, "ensure_template", lambda platform, runtime: None)
    (tmp_path / "run").mkdir()
    return SimpleNamespace(home=Home(tmp_path))


def base_url(platform: Platform, database: str) -> str:
    with platform.admin(database) as connection:
        return small.parameters(connection)["web.base.url"]


def test_it_is_in_the_registry_and_answers_by_name_and_by_address(little: Platform, runtime):
    row = tenant.ensure(little, runtime, DEMO)
    assert (row.status, row.database, row.release) == ("active", "t_77654321_7", small.RELEASE)
    assert row.hosts[0] == "comercial-ejemplo.localhost" and "127.0.0.1" in row.hosts
    assert tenant.ensure(little, runtime, DEMO).uuid == row.uuid


def test_a_fresh_one_is_another_database_and_the_neighbour_stays(little: Platform, runtime):
    first = tenant.ensure(little, runtime, DEMO)
    request = CreateRequest(rut="11111111-1", name="Vecina SpA", admin_email="a@example.cl")
    neighbour = tenants.create(little, request).tenant
    tenant.forget(little, DEMO)
    assert not little.databases.exists(DEMO.database)
    assert tenant.ensure(little, runtime, DEMO).uuid != first.uuid
    assert little.registry.tenant(neighbour.id).uuid == neighbour.uuid


def test_a_database_that_the_registry_does_not_know_is_not_taken_over(little: Platform, runtime):
    with little.admin() as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DEMO.database)))
    with pytest.raises(SetupError, match="--fresh"):
        tenant.ensure(little, runtime, DEMO)
    assert little.registry.tenants() == []


def test_another_port_reaches_every_tenants_address(little: Platform, runtime):
    tenant.ensure(little, runtime, DEMO)
    settings = little.settings.model_copy(update={"base_scheme": "http", "public_port": 8070})
    tenant.readdress(dataclasses.replace(little, settings=settings))
    assert base_url(little, DEMO.database) == "http://comercial-ejemplo.localhost:8070"


def test_the_ports_of_the_last_run_are_remembered(tmp_path: Path):
    home = Home(tmp_path)
    (tmp_path / "run").mkdir()
    assert ports.known(home) == ports.USUAL
    chosen = ports.assign(home, {})
    assert ports.known(home) == chosen and len(set(chosen.values())) == 3


def test_a_port_that_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    with pytest.raises(SetupError, match="port 8123 is taken"):
        ports.assign(Home(tmp_path), {"odoo": 8123})
