"""Fixtures of the connector's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connector.outbox import empty
from tests.connector.registered import installed_registry, registered, registry  # noqa: F401
from tests.postgres import OutboxDatabase, OutboxDatabases


@pytest.fixture(scope="session")
def _reused_outbox(outbox_databases: OutboxDatabases) -> OutboxDatabase:
    return outbox_databases.create("reused")


@pytest.fixture
def reused_outbox(_reused_outbox: OutboxDatabase) -> Iterator[OutboxDatabase]:
    """An empty outbox in a database that many tests share, one after the other."""
    with _reused_outbox.owner() as owner:
        empty(owner)
    yield _reused_outbox
