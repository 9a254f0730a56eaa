"""A receiver on loopback, and the parts of a connector put together for a test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from smarter_connector.engine import Engine
from smarter_connector.settings import Settings, TenantSettings
from smarter_connector.shared import Shared
from smarter_connector.transport import Transport
from smarter_domain.events.signature import SigningKey

KEY = SigningKey(b"k" * 32)
RUT = "77654321-7"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def settings(**values: Any) -> Settings:
    """Settings for tests: loopback is allowed, nothing comes from a file."""
    return Settings(**{"allow_private": ("127.0.0.0/8",), "secrets_dir": None, **values})


def tenant(**values: Any) -> TenantSettings:
    given = {"database": "t_77654321_7", "uuid": "u-1", "rut": RUT, "store": "memory", **values}
    return TenantSettings(**given)


@asynccontextmanager
async def receiver(handler: Handler):
    """A web server on loopback; gives its URL."""
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = site._server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/hook"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running(stores, *, clock=None, make_sink=None, **values: Any):
    """An engine at work; stopped at the end of the block."""
    chosen = settings(**values)
    async with Transport(chosen) as transport:
        extra = {"clock": clock} if clock else {}
        if make_sink:
            extra["make_sink"] = make_sink
        engine = Engine(stores, Shared(chosen, transport, worker="test", **extra))
        task = asyncio.create_task(engine.run())
        try:
            yield engine
        finally:
            await engine.stop(0)
            await task


async def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for something that other tasks bring about; fails if it does not come."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)
