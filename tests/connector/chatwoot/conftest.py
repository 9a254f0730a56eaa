from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from smarter_connector.sandbox import Sandbox
from smarter_connector.transport import Transport
from tests.connector import support
from tests.connector.chatwoot.bench import TOKEN, Bench


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        sandbox.chatwoot.token = TOKEN
        yield sandbox


@pytest.fixture
async def bench(sandbox: Sandbox) -> AsyncIterator[Bench]:
    config = {"account_id": 1, "api_token": "env:SMARTER_SECRET_CW", "note_types": ["*"]}
    async with Transport(support.settings(http_timeout=30)) as transport:
        yield Bench(sandbox, transport, config)


@pytest.fixture
async def hasty(bench: Bench) -> AsyncIterator[Bench]:
    """A second connector at the same Chatwoot and database, that waits for no answer."""
    async with Transport(support.settings(http_timeout=0.3)) as transport:
        yield Bench(bench.sandbox, transport, bench.config, store=bench.store)
