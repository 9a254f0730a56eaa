"""Metabase is told of new data: soon, not often, and never at the price of a delivery."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from smarter_connector.clock import FakeClock
from smarter_connector.exceptions import ConfigurationError, Retryable
from smarter_connector.secrets import SecretResolver
from smarter_connector.sinks.metabase import MetabaseNotifier, MetabaseTarget
from smarter_connector.stores.base import Subscription
from smarter_connector.transport import Reply

TARGET = MetabaseTarget("https://mb.example", 2, "key", interval=30)


class FakeTransport:
    """Remembers requests and answers ``status``, or fails."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.requests: list[tuple[str, str, dict[str, str]]] = []

    async def request(self, method: str, url: str, *, headers: Any, body: Any, timeout: float):
        self.requests.append((method, url, dict(headers)))
        if not self.status:
            raise Retryable("no connection")
        return Reply(self.status, {}, b"")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def settle(clock: FakeClock, seconds: float = 0) -> None:
    clock.advance(seconds)
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_first_change_is_told_at_once(clock: FakeClock) -> None:
    transport = FakeTransport()
    MetabaseNotifier(TARGET, transport, clock).changed()
    await settle(clock)
    ((method, url, headers),) = transport.requests
    assert (method, url) == ("POST", "https://mb.example/api/notify/db/2")
    assert headers["X-Metabase-Apikey"] == "key"


async def test_many_changes_make_one_call_each_interval(clock: FakeClock) -> None:
    transport = FakeTransport()
    notifier = MetabaseNotifier(TARGET, transport, clock)
    for _ in range(40):
        notifier.changed()
        await settle(clock, 1)
    assert len(transport.requests) == 2
    await settle(clock, 30)
    assert len(transport.requests) == 3


async def test_a_change_not_told_yet_is_told_at_the_end(clock: FakeClock) -> None:
    transport = FakeTransport()
    notifier = MetabaseNotifier(TARGET, transport, clock)
    notifier.changed()
    await settle(clock)
    notifier.changed()
    await notifier.close()
    assert len(transport.requests) == 2


async def test_nothing_is_told_when_nothing_changed(clock: FakeClock) -> None:
    transport = FakeTransport()
    await MetabaseNotifier(TARGET, transport, clock).close()
    assert transport.requests == []


@pytest.mark.parametrize("status", [0, 403, 500])
async def test_a_call_that_fails_is_logged_and_no_more(
    clock: FakeClock, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    notifier = MetabaseNotifier(TARGET, FakeTransport(status), clock)
    notifier.changed()
    await settle(clock)
    assert "Metabase was not told" in caplog.text and "key" not in caplog.text


@pytest.mark.parametrize(
    "config",
    [
        {"metabase_database_id": "2", "metabase_api_key": "env:S_KEY"},
        {"metabase_database_id": 2},
        {"metabase_database_id": 2, "metabase_api_key": "in clear"},
    ],
)
def test_an_incomplete_configuration_is_refused(config: dict[str, Any]) -> None:
    secrets = SecretResolver(env_prefix="S_", folder=None, environ={"S_KEY": "key"})
    config = {"metabase_url": "https://mb.example", **config}
    subscription = Subscription(id=1, name="KPI", target="warehouse", config=config)
    with pytest.raises(ConfigurationError):
        MetabaseTarget.from_config(subscription, secrets)


def test_the_key_is_not_shown() -> None:
    assert "key" not in repr(TARGET).replace("api_key", "")
