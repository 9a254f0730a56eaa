"""Receivers that misbehave in every way, now and then or for a while."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.connector.outbox import store_of
from tests.connector.support import running
from tests.faults.scene import scene

QUICK = {
    "retry_schedule": (0.1,) * 40,
    "breaker_failures": 4,
    "breaker_seconds": 0.2,
    "breaker_max_seconds": 0.4,
    "http_timeout": 0.4,
    "poll_seconds": 0.1,
}


async def error(request: web.Request) -> web.Response:
    return web.Response(status=500, text="<h1>Internal error</h1>")


async def throttle(request: web.Request) -> web.Response:
    return web.Response(status=429, headers={"Retry-After": "1"})


async def redirect(request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "http://169.254.169.254/"})


async def garbage(request: web.Request) -> web.Response:
    request.transport.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    request.transport.close()
    return web.Response()


async def silence(request: web.Request) -> web.Response:
    await asyncio.sleep(0.6)
    return web.Response(status=503)


async def half(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"only the beg")
    request.transport.abort()
    return response


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(10):
        await response.write(b".")
        await asyncio.sleep(0.06)
    return response


MOODS = [error, throttle, redirect, garbage, silence, half, dripping]


@pytest.mark.parametrize("mood", MOODS, ids=lambda mood: mood.__name__)
async def test_a_receiver_that_fails_now_and_then_gets_everything_in_the_end(reused_outbox, mood):
    async def moody(request: web.Request, number: int):
        return await mood(request) if number % 9 == 3 else None

    async with scene(reused_outbox, moody) as stage:
        stage.load(48)
        async with running([store_of(reused_outbox)], **QUICK):
            await stage.delivered()
        stage.check()


async def test_a_receiver_that_is_away_for_a_while_gets_everything_in_order(reused_outbox):
    async def away(request: web.Request, number: int):
        return await error(request) if number <= 9 else None

    async with scene(reused_outbox, away) as stage:
        stage.load(48)
        async with running([store_of(reused_outbox)], **QUICK):
            await stage.delivered()
        assert stage.check() == 0


async def test_a_receiver_that_took_an_event_but_broke_off_its_answer_gets_it_twice(reused_outbox):
    async def forgetful(request: web.Request, number: int):
        if number != 2:
            return None
        stage.account.accepted.append(await _event(request))
        return await half(request)

    async with scene(reused_outbox, forgetful) as stage:
        stage.load(12)
        async with running([store_of(reused_outbox)], **QUICK):
            await stage.delivered()
        assert stage.check() == 1


async def test_a_batch_with_one_event_that_is_refused_delivers_the_others(reused_outbox):
    async def picky(request: web.Request, number: int):
        refused = b'"number":7,' in await request.read() or b'"number":7}' in await request.read()
        return web.Response(status=422, text="not this one") if refused else None

    async with scene(reused_outbox, picky) as stage:
        with reused_outbox.owner() as owner:
            owner.execute("UPDATE smarter_subscription SET batch_size = 10")
        stage.load(24)
        async with running([store_of(reused_outbox)], **QUICK):
            async with asyncio.timeout(20):
                while stage.states()["delivered"] < 23:
                    await asyncio.sleep(0.02)
        assert stage.states() == {"delivered": 23, "dead": 1}
        assert len(stage.account.accepted) == 23


async def _event(request: web.Request):
    import json

    from smarter_domain.events.envelope import Event

    return request.headers["webhook-id"], Event.from_cloudevent(json.loads(await request.read()))
