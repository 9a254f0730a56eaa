"""The outboxes on which what every store does is tested."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.connector.stores.worlds import World, open_world


@pytest.fixture(params=["memory", "postgres", "rpc"])
async def world(request) -> AsyncIterator[World]:
    kind = request.param
    database = None if kind == "memory" else request.getfixturevalue("reused_outbox")
    async with open_world(kind, database) as opened:
        yield opened
