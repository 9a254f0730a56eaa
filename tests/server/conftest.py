"""One server and two tenants for all tests here that one process runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit.server import Server
from tests.server.stage import FIRST_RELEASE, Stage, Tenant, set_up
from tests.server.web import Site


@pytest.fixture(scope="session")
def stage(pg_cluster: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with set_up(pg_cluster, tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(scope="session")
def odoo(stage: Stage) -> Iterator[int]:
    """The port of a server that runs the first release, for both tenants."""
    with stage.odoo(FIRST_RELEASE) as port:
        yield port


@pytest.fixture(scope="session")
def log(stage: Stage) -> Path:
    return stage.log()


@pytest.fixture
def here(stage: Stage) -> Tenant:
    return stage.tenants[0]


@pytest.fixture
def there(stage: Stage) -> Tenant:
    """The neighbour, whose data nobody of the first tenant may reach."""
    return stage.tenants[1]


@pytest.fixture
def site(odoo: int, here: Tenant) -> Site:
    return Site(odoo, here.host)


@pytest.fixture
def neighbour(odoo: int, there: Tenant) -> Site:
    return Site(odoo, there.host)
