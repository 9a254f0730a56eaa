"""A fast receiver in a process of its own: verifies every signature, counts, and notes the time.

``python -m devkit.bench.sink PORT KEY_FILE``. It is the same for us, for the bare loop and for the
peer, so that what differs is the sender. For that it must be quicker than any of them: it reads
HTTP/1.1 as these senders write it (a Content-Length, no chunks) and knows nothing else of it. With
a whole web server in its place, the receiver was what limited the bare loop.

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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from smarter_domain.events.signature import InvalidSignature, SigningKey, verify

OK = b'{"message":"Workflow was started"}'
REASONS = {200: "OK", 401: "Unauthorized", 404: "Not Found"}
HEAD_MAX = 16 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """Header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


def parse(buffer: bytes | bytearray) -> tuple[Request | None, int]:
    """The first request of ``buffer`` and its length; None and 0 while it is not whole.

    Raises ``ValueError`` when it is not a request these senders would write.
    """
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > HEAD_MAX:
            raise ValueError("the head of the request does not end")
        return None, 0
    first, *lines = bytes(buffer[:end]).decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise ValueError("a body in chunks is not understood")
    start = end + 4
    total = start + int(headers.get("content-length", 0))
    if len(buffer) < total:
        return None, 0
    return Request(first.split(" ", 2)[1], headers, bytes(buffer[start:total])), total


def answer(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One connection, kept open from request to request."""

    def __init__(self, handle: Callable[[Request], bytes]) -> None:
        self._handle = handle
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while self._buffer:
                request, length = parse(self._buffer)
                if request is None:
                    return
                del self._buffer[:length]
                self._transport.write(self._handle(request))
        except ValueError:
            self._transport.close()


class FastSink:
    def __init__(self, key: SigningKey) -> None:
        self.key = key
        self.reset()

    def reset(self) -> None:
        self.events = self.requests = self.refused = 0
        self.first = self.last = 0.0
        self.times: dict[str, float] = {}

    def handle(self, request: Request) -> bytes:
        now = time.monotonic()
        match request.path:
            case "/hook":
                return self._ours(request, now)
            case "/peer":
                return self._peer(request, now)
            case "/plain":
                return self._received([orjson.loads(request.body)], now)
            case _:
                return self._control(request.path)

    def _ours(self, request: Request, now: float) -> bytes:
        try:
            verify(request.headers, request.body, keys=(self.key,), now=int(time.time()))
        except InvalidSignature:
            return self._refused()
        document = orjson.loads(request.body)
        events = document if isinstance(document, list) else [document]
        return self._received([event["data"] for event in events], now)

    def _peer(self, request: Request, now: float) -> bytes:
        key, body = self.key.text.encode(), request.body
        expected = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers.get("x-erpdoo-signature", ""), expected):
            return self._refused()
        document = orjson.loads(body)
        return self._received([document.get("record") or document.get("data") or document], now)

    def _refused(self) -> bytes:
        self.refused += 1
        return answer(401, b"{}")

    def _received(self, records: list[dict], now: float) -> bytes:
        self.requests += 1
        self.events += len(records)
        self.first = self.first or now
        self.last = now
        for record in records:
            if label := record.get("name"):
                self.times[label] = now
        return answer(200, OK)

    def _control(self, path: str) -> bytes:
        match path:
            case "/times":
                return answer(200, orjson.dumps(self.times))
            case "/reset":
                self.reset()
            case "/stats":
                pass
            case _:
                return answer(404, b"{}")
        return answer(200, orjson.dumps(self._stats()))

    def _stats(self) -> dict[str, float]:
        return {
            "events": self.events,
            "requests": self.requests,
            "refused": self.refused,
            "first": self.first,
            "last": self.last,
        }


async def serve(port: int, key: SigningKey) -> None:
    sink = FastSink(key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(sink.handle), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), SigningKey.from_text(Path(sys.argv[2]).read_text())))
