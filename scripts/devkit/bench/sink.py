"""A fast receiver in a process of its own: verifies every signature, counts, and notes the time.

``python -m devkit.bench.sink PORT KEY_FILE``. It is the same for us, for the bare loop and for the
peer, so that what differs is the sender.

=================  =====================================================================
POST /hook         a signed event or batch of ours
POST /peer         an event of the peer, ``X-Erpdoo-Signature`` over the body
POST /plain        anything, unsigned (Odoo's own webhook action)
GET /stats         {events, requests, refused, first, last}; times by CLOCK_MONOTONIC
GET /times         {label: time}: when an event whose ``data.name`` is the label arrived
POST /reset        forget all
=================  =====================================================================
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import sys
import time
from pathlib import Path

import orjson
from aiohttp import web

from smarter_domain.events.signature import InvalidSignature, SigningKey, verify

OK = b'{"message":"Workflow was started"}'
JSON = "application/json"


class FastSink:
    def __init__(self, key: SigningKey) -> None:
        self.key = key
        self.reset()

    def reset(self) -> None:
        self.events = self.requests = self.refused = 0
        self.first = self.last = 0.0
        self.times: dict[str, float] = {}

    async def handle(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        now = time.monotonic()
        match request.path:
            case "/hook":
                return self._ours(request, body, now)
            case "/peer":
                return self._peer(request, body, now)
            case "/plain":
                return self._received([orjson.loads(body)], now)
            case _:
                return self._control(request.path)

    def _ours(self, request: web.BaseRequest, body: bytes, now: float) -> web.Response:
        try:
            verify(request.headers, body, keys=(self.key,), now=int(time.time()))
        except InvalidSignature:
            self.refused += 1
            return web.Response(status=401)
        document = orjson.loads(body)
        events = document if isinstance(document, list) else [document]
        return self._received([event["data"] for event in events], now)

    def _peer(self, request: web.BaseRequest, body: bytes, now: float) -> web.Response:
        expected = "sha256=" + hmac.new(self.key.text.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers.get("X-Erpdoo-Signature", ""), expected):
            self.refused += 1
            return web.Response(status=401)
        document = orjson.loads(body)
        return self._received([document.get("record") or document.get("data") or document], now)

    def _received(self, records: list[dict], now: float) -> web.Response:
        self.requests += 1
        self.events += len(records)
        self.first = self.first or now
        self.last = now
        for record in records:
            if label := record.get("name"):
                self.times[label] = now
        return web.Response(body=OK, content_type=JSON)

    def _control(self, path: str) -> web.Response:
        if path == "/reset":
            self.reset()
        answer = (
            self.times
            if path == "/times"
            else {
                "events": self.events,
                "requests": self.requests,
                "refused": self.refused,
                "first": self.first,
                "last": self.last,
            }
        )
        return web.Response(body=orjson.dumps(answer), content_type=JSON)


async def serve(port: int, key: SigningKey) -> None:
    server = web.Server(FastSink(key).handle, access_log=None)
    runner = web.ServerRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), SigningKey.from_text(Path(sys.argv[2]).read_text())))
