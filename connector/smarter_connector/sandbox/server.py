"""One aiohttp server that is Chatwoot, n8n and Metabase at once, on this machine only."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from types import TracebackType
from urllib.parse import urlsplit

from aiohttp import web

from smarter_connector.sandbox.chatwoot import Chatwoot
from smarter_connector.sandbox.control import Control
from smarter_connector.sandbox.faults import TARGETS, Fault, FaultBox, InvalidFault
from smarter_connector.sandbox.metabase import Metabase
from smarter_connector.sandbox.n8n import N8n

MAX_BODY = 8 * 1024 * 1024
SHUTDOWN_SECONDS = 0.5


class NotLoopback(ValueError):
    """The sandbox listens on this machine only: it trusts whoever can reach it."""


class Sandbox:
    """The stand-ins and their server.

    ``async with Sandbox() as sandbox`` serves on a free port; ``sandbox.url`` is the base address
    of all three systems. Clocks give seconds. State can be read directly (``sandbox.n8n.seen``,
    ``sandbox.chatwoot.account(1)``) or over HTTP (``/_sandbox/state``).
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not _is_loopback(host):
            raise NotLoopback(f"{host} is not an address of this machine alone")
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None
        self.n8n = N8n(wall, monotonic)
        self.chatwoot = Chatwoot(wall, monotonic)
        self.metabase = Metabase(wall)
        self.faults = FaultBox(self.forget)

    @property
    def url(self) -> str:
        """Base address without a slash at the end; serve first."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def forget(self, target: str = "*") -> None:
        """Lose what one target (or all) was told; configuration stays."""
        for name in TARGETS if target == "*" else (target,):
            if name not in TARGETS:
                raise InvalidFault(f"unknown target {name!r}")
            getattr(self, name).forget()

    def fault(self, target: str, mode: str, **details) -> Fault:
        """Add one fault and return it; ``details`` as in ``faults.Fault``."""
        fault = Fault(target=target, mode=mode, **details)
        self.faults.add(fault)
        return fault

    async def start(self) -> None:
        """Serve until ``stop``; raises ``OSError`` when the port is taken."""
        self.faults.start()
        self._runner = web.AppRunner(
            self._app(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Let go of waiting requests and close every connection."""
        self.faults.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _app(self) -> web.Application:
        middlewares = [_refuse_strangers, self._apply_faults]
        app = web.Application(client_max_size=MAX_BODY, middlewares=middlewares)
        for part in (self.n8n, self.chatwoot, self.metabase, Control(self)):
            app.add_routes(part.routes())
        return app

    @web.middleware
    async def _apply_faults(self, request: web.Request, handler) -> web.StreamResponse:
        return await self.faults.apply(request, handler)


@web.middleware
async def _refuse_strangers(request: web.Request, handler) -> web.StreamResponse:
    """Refuse what a web page elsewhere makes a browser send (DNS rebinding, cross-site posts)."""
    origin = urlsplit(request.headers.get("Origin", "")).hostname
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    if not _is_loopback(host or "") or (origin and not _is_loopback(origin)):
        return web.json_response({"error": "the sandbox serves this machine only"}, status=403)
    return await handler(request)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
