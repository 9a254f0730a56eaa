"""Fixtures and rules for the tests that need no Odoo.

Every warning is an error, nothing outside this machine can be reached, and no setting of the
person who runs the tests is seen.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from devkit.server import Server
from tests import postgres
from tests.postgres import OutboxDatabase, OutboxDatabases, PrivateServer

#: Folders whose tests kill processes and move whole databases: minutes, not seconds.
DRILLS = {"faults", "tenants"}
LOCAL = ("127.", "::1", "localhost", "0.0.0.0")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="fault tests in their long form")


def pytest_configure() -> None:
    for name in [name for name in os.environ if name.startswith("SMARTER_")]:
        del os.environ[name]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error"), append=False)
        if DRILLS & set(item.path.parts):
            item.add_marker("drill")
        if item.get_closest_marker("soak") and not config.getoption("--soak"):
            item.add_marker(pytest.mark.skip(reason="long form: give --soak"))
    # What waits most begins first, so that it does not end last.
    items.sort(key=lambda item: not item.get_closest_marker("drill"))


@pytest.fixture(scope="session")
def soak(pytestconfig: pytest.Config) -> bool:
    """True when the long form of the fault tests was asked for."""
    return bool(pytestconfig.getoption("--soak"))


@pytest.fixture(autouse=True, scope="session")
def no_outside_network() -> Iterator[None]:
    """Refuse connections to any address but this machine's own."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address):
        inet = self.family in (socket.AF_INET, socket.AF_INET6)
        if inet and not str(address[0]).startswith(LOCAL):
            raise AssertionError(f"a test tried to reach {address[0]}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def pg_cluster() -> Iterator[Server]:
    """A throw-away PostgreSQL with the roles of production: ``admin``, ``odoo``, ``connector``."""
    with postgres.shared_server() as server:
        yield server


@pytest.fixture(scope="session")
def outbox_databases(pg_cluster: Server) -> Iterator[OutboxDatabases]:
    """Maker of outbox databases that several tests share; they go at the end of the session."""
    databases = OutboxDatabases(pg_cluster)
    yield databases
    databases.drop()


@pytest.fixture
def make_outbox(outbox_databases: OutboxDatabases) -> Iterator[Callable[..., OutboxDatabase]]:
    """``make_outbox()`` gives a fresh tenant database; the test's end drops it."""
    made: list[str] = []

    def make(prefix: str = "t") -> OutboxDatabase:
        database = outbox_databases.create(prefix)
        made.append(database.name)
        return database

    yield make
    if made:
        outbox_databases.drop(*made)


@pytest.fixture
def outbox(make_outbox: Callable[..., OutboxDatabase]) -> OutboxDatabase:
    """One fresh tenant database with an empty outbox."""
    return make_outbox()


@pytest.fixture
def private_server() -> Iterator[PrivateServer]:
    """A PostgreSQL of the test's own, which it may stop and start."""
    with postgres.private_server() as server:
        yield server
