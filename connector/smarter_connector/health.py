"""``/health``, ``/ready`` and ``/metrics``, on loopback unless an operator says otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from aiohttp import web

from smarter_connector.engine import Engine
from smarter_connector.registry.watcher import Watcher
from smarter_connector.settings import Settings

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def make_app(engine: Engine, watcher: Watcher | None = None) -> web.Application:
    """``/health``: the process answers. ``/ready``: 200 or 503, with the state of each tenant.

    A registry that is away does not make it unready, once its tenants are known.
    """

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(_: web.Request) -> web.Response:
        tenants = [asdict(status) for status in engine.status()]
        is_ready = engine.ready and (watcher is None or watcher.known)
        body = {"ready": is_ready, "listening": engine.shared.listening, "tenants": tenants}
        if watcher is not None:
            body["registry"] = {"reachable": not watcher.problem, "problem": watcher.problem}
        return web.json_response(body, status=200 if is_ready else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=engine.shared.metrics.text(), headers={"Content-Type": METRICS_TYPE}
        )

    app = web.Application(client_max_size=1024)
    app.router.add_get("/health", health)
    app.router.add_get("/ready", ready)
    app.router.add_get("/metrics", metrics)
    return app


@asynccontextmanager
async def served(
    engine: Engine, settings: Settings, watcher: Watcher | None = None
) -> AsyncIterator[str]:
    """Serve for the block; gives the address. Raises ``OSError`` when the port is taken."""
    runner = web.AppRunner(make_app(engine, watcher), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.http_host, settings.http_port).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
