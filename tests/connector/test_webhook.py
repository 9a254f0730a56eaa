"""The sink for n8n and other signed webhooks."""

from __future__ import annotations

import json

import pytest
from aiohttp import web

from smarter_connector.clock import FakeClock
from smarter_connector.exceptions import ConfigurationError, Gone, Rejected, Retryable
from smarter_connector.sinks.base import SinkContext, SinkMemory
from smarter_connector.sinks.webhook import WebhookSink, batch_id
from smarter_connector.stores.base import Claim, Delivery
from smarter_connector.stores.memory import MemoryOutbox, MemoryStore
from smarter_connector.transport import Transport
from smarter_domain.events.envelope import Event
from smarter_domain.events.signature import InvalidSignature, SigningKey, verify
from tests.connector.support import KEY, receiver, settings

NEW_KEY = SigningKey(b"n" * 32)


class Desk:
    """A sink, the deliveries of one claim, and the requests that a receiver got."""

    def __init__(self, answers=(), **subscription):
        self.clock = FakeClock()
        self.outbox = MemoryOutbox(clock=self.clock)
        self.store = MemoryStore(self.outbox)
        self.answers = list(answers)
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.values = {"keys": [KEY.text], **subscription}

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        answer = self.answers.pop(0) if self.answers else 200
        if callable(answer):
            answer = answer(self.requests[-1][1])
        return answer if isinstance(answer, web.Response) else web.Response(status=answer)

    async def claim(self, url: str, lanes=("sale.order/1",)) -> Claim:
        self.outbox.subscribe(**{"url": url, **self.values})
        for lane in lanes:
            self.outbox.enqueue(aggregate=lane, data={"name": "Ñandú <b>&"})
        return await self.store.claim(worker="test", limit=500)

    async def deliver(self, lanes=("sale.order/1",), **values):
        async with receiver(self.handle) as url, Transport(settings(**values)) as transport:
            claim = await self.claim(url, lanes)
            (subscription,) = claim.subscriptions
            memory = SinkMemory(self.store, subscription.id)
            sink = WebhookSink(
                SinkContext(
                    subscription, self.store.tenant, memory, transport, self.clock, None, settings()
                )
            )
            self.deliveries: tuple[Delivery, ...] = claim.deliveries
            return await sink.deliver(claim.deliveries)


async def test_one_event_is_one_signed_request():
    desk = Desk()
    (result,) = await desk.deliver()
    ((headers, body),) = desk.requests
    verify(headers, body, keys=[KEY], now=int(desk.clock.time()))
    (delivery,) = desk.deliveries
    assert headers["webhook-id"] == delivery.webhook_id
    assert headers["Content-Type"] == "application/json"
    assert (headers["X-SMOS-Identity"], headers["X-SMOS-Tenant"]) == ("77654321-7", "77654321-7")
    assert Event.from_cloudevent(json.loads(body)) == delivery.event
    assert (result.ok, result.status) == (True, "200")


async def test_every_live_key_signs():
    desk = Desk(keys=[NEW_KEY.text, KEY.text])
    await desk.deliver()
    ((headers, body),) = desk.requests
    for key in (KEY, NEW_KEY):
        verify(headers, body, keys=[key], now=int(desk.clock.time()))
    with pytest.raises(InvalidSignature):
        verify(headers, body, keys=[SigningKey(b"x" * 32)], now=int(desk.clock.time()))


@pytest.mark.parametrize(
    ("answer", "error"),
    [(503, Retryable), (302, ConfigurationError), (410, Gone), (422, Rejected)],
)
async def test_a_refusal_is_told_by_its_class(answer, error):
    (result,) = await Desk([answer]).deliver()
    assert (type(result.error), result.error.status) == (error, str(answer))


async def test_a_batch_is_one_request_with_an_id_of_its_own():
    desk = Desk(batch_size=10)
    results = await desk.deliver([f"sale.order/{number}" for number in range(3)])
    ((headers, body),) = desk.requests
    verify(headers, body, keys=[KEY], now=int(desk.clock.time()))
    assert headers["X-SMOS-Batch"] == "3"
    assert headers["webhook-id"] == batch_id(desk.deliveries)
    assert [item["id"] for item in json.loads(body)] == [d.event.id for d in desk.deliveries]
    assert all(result.ok for result in results)


async def test_a_batch_id_is_stable_and_tells_batches_apart():
    desk = Desk(batch_size=10)
    await desk.deliver(["sale.order/1", "sale.order/2"])
    first, second = desk.deliveries
    assert batch_id([first, second]) == batch_id([first, second])
    assert batch_id([first, second]) != batch_id([second, first])


async def test_a_refused_batch_is_parted_until_only_the_bad_event_is_refused():
    def picky(body: bytes):
        return 422 if b'"subject":"sale.order/3"' in body else 200

    desk = Desk([picky] * 20, batch_size=10)
    results = await desk.deliver([f"sale.order/{number}" for number in range(8)])
    bad = [result.delivery.lane for result in results if not result.ok]
    assert (bad, len(desk.requests)) == (["sale.order/3"], 7)
    assert [result.delivery for result in results] == list(desk.deliveries)


async def test_a_lane_that_waits_in_the_first_half_is_skipped_in_the_second():
    desk = Desk([400, 503, 200], batch_size=10)
    results = await desk.deliver(["a/1", "a/2", "a/1", "a/3"])
    assert [(type(r.error).__name__, r.skipped) for r in results] == [
        ("Retryable", False),
        ("Retryable", False),
        ("NoneType", True),
        ("NoneType", False),
    ]


async def test_a_batch_that_fails_for_now_is_not_parted():
    desk = Desk([500], batch_size=10)
    results = await desk.deliver(["a/1", "a/2"])
    assert len(desk.requests) == 1
    assert {type(result.error) for result in results} == {Retryable}


async def test_an_oversized_event_is_refused_here_and_nothing_is_sent():
    desk = Desk()
    desk.outbox.enqueue(data={"text": "x" * 2000}, subscriptions=[])
    (result,) = await desk.deliver(["sale.order/" + "1" * 2000], max_payload=1024)
    assert (type(result.error), result.error.status, desk.requests) == (Rejected, "too large", [])


@pytest.mark.parametrize(
    "values",
    [
        {"keys": []},
        {"keys": ["whsec_short"]},
        {"config": {"timeout": "soon"}},
        {"config": {"timeout": -1}},
        {"config": {"timeout": True}},
        {"url": ""},
    ],
)
async def test_an_incomplete_subscription_is_a_configuration_fault(values):
    with pytest.raises(ConfigurationError) as caught:
        await Desk(**values).deliver()
    assert "whsec_short" not in str(caught.value)
