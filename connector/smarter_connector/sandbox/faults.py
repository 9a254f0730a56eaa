"""Misbehaviour on request: what a receiving system does on a bad day.

A fault names a target (``n8n``, ``chatwoot``, ``metabase`` or ``*``), optionally a method and a
part of the path, how many requests it hits, and a mode:

===========  =======================================================================================
fail         answers ``status`` (500 unless told otherwise) without doing the work
throttle     answers 429 with ``Retry-After: retry_after``, without doing the work
redirect     answers 302, without doing the work
garbage      does the work, answers 200 with bytes that are no JSON and no UTF-8
stall        waits ``seconds``, then does the work and answers
slow         does the work, then sends the answer a byte at a time over ``seconds``
swallow      does the work and never answers; hangs up after ``seconds``
drop         does the work and closes the connection half-way through the answer
refuse       closes the connection without doing the work
forget       loses everything the target knew, then does the work
===========  =======================================================================================
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TARGETS = ("n8n", "chatwoot", "metabase")
PREFIXES = {"/webhook/": "n8n", "/api/v1/accounts/": "chatwoot", "/api/notify/": "metabase"}
MODES = "fail throttle redirect garbage stall slow swallow drop refuse forget".split()
MAX_SECONDS = 600.0
MAX_FAULTS = 100


class InvalidFault(ValueError):
    """The fault asked for is none the sandbox knows."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One misbehaviour and how often it still happens (``times`` None: until it is cleared)."""

    target: str = "*"
    mode: str = "fail"
    times: int | None = 1
    status: int = 500
    seconds: float = 30.0
    retry_after: float = 1.0
    method: str = ""
    path: str = ""

    def __post_init__(self) -> None:
        if self.target not in (*TARGETS, "*"):
            raise InvalidFault(f"unknown target {self.target!r}: one of {', '.join(TARGETS)} or *")
        if self.mode not in MODES:
            raise InvalidFault(f"unknown mode {self.mode!r}: one of {', '.join(MODES)}")
        if not 200 <= self.status <= 599 or not 0 <= self.seconds <= MAX_SECONDS:
            raise InvalidFault(f"status is 200 to 599 and seconds 0 to {MAX_SECONDS:.0f}")

    @classmethod
    def from_json(cls, document: Any) -> Fault:
        """Read ``{"target": "n8n", "mode": "fail", ...}``; raises ``InvalidFault``."""
        if not isinstance(document, Mapping):
            raise InvalidFault("a fault is a JSON object")
        unknown = set(document) - {field.name for field in fields(cls)}
        if unknown:
            raise InvalidFault(f"unknown field {', '.join(sorted(unknown))}")
        try:
            return cls(**document)
        except TypeError as error:
            raise InvalidFault(str(error)) from error

    def hits(self, target: str, method: str, path: str) -> bool:
        """Whether this fault is for such a request and not used up."""
        return (
            self.times != 0
            and self.target in (target, "*")
            and self.method.upper() in ("", method)
            and self.path in path
        )


def target_of(path: str) -> str | None:
    """The system a request is meant for, or None for the sandbox's own pages."""
    return next((name for prefix, name in PREFIXES.items() if path.startswith(prefix)), None)


class FaultBox:
    """The faults in force, and the middleware that applies the first one that fits."""

    def __init__(self, forget: Callable[[str], None]) -> None:
        self._lose = forget
        self._faults: list[Fault] = []
        self._stopping = asyncio.Event()
        self.applied = 0

    def replace(self, faults: list[Fault]) -> None:
        """Put these faults in the place of all others."""
        if len(faults) > MAX_FAULTS:
            raise InvalidFault(f"at most {MAX_FAULTS} faults")
        self._faults = list(faults)

    def add(self, *faults: Fault) -> None:
        """Add faults behind those in force."""
        self.replace([fault for fault in self._faults if fault.times != 0] + list(faults))

    @property
    def pending(self) -> list[Fault]:
        """Faults that can still happen."""
        return [fault for fault in self._faults if fault.times != 0]

    def stop(self) -> None:
        """Let go of every request that waits."""
        self._stopping.set()

    def start(self) -> None:
        """Take requests (again)."""
        self._stopping.clear()

    async def apply(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, through the first fault that fits it."""
        target = target_of(request.path)
        fault = self._take(target, request) if target else None
        if fault is None:
            return await handler(request)
        await request.read()
        return await getattr(self, f"_{fault.mode}")(fault, request, handler)

    def _take(self, target: str, request: web.Request) -> Fault | None:
        for fault in self._faults:
            if fault.hits(target, request.method, request.path):
                self.applied += 1
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _fail(self, fault: Fault, *_: Any) -> web.StreamResponse:
        return web.json_response({"error": "sandbox: told to fail"}, status=fault.status)

    async def _throttle(self, fault: Fault, *_: Any) -> web.StreamResponse:
        headers = {"Retry-After": f"{fault.retry_after:g}"}
        return web.Response(text="Retry later\n", status=429, headers=headers)

    async def _redirect(self, *_: Any) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async def _garbage(self, _fault: Fault, request: web.Request, handler: Handler):
        await handler(request)
        return web.Response(body=b"\xff\xfe<html>not what you expect", content_type="text/html")

    async def _stall(self, fault: Fault, request: web.Request, handler: Handler):
        await self._wait(fault.seconds)
        return await handler(request)

    async def _slow(self, fault: Fault, request: web.Request, handler: Handler):
        answer = await handler(request)
        body = bytes(getattr(answer, "body", b"") or b"") or b" "
        response = await self._begin(request, len(body), answer.status)
        for position in range(len(body)):
            await self._wait(fault.seconds / len(body))
            await response.write(body[position : position + 1])
        return response

    async def _swallow(self, fault: Fault, request: web.Request, handler: Handler):
        await handler(request)
        await self._wait(fault.seconds)
        return _hang_up(request)

    async def _drop(self, _fault: Fault, request: web.Request, handler: Handler):
        await handler(request)
        response = await self._begin(request, 1000)
        await response.write(b'{"mess')
        _hang_up(request)
        return response

    async def _refuse(self, _fault: Fault, request: web.Request, _handler: Handler):
        return _hang_up(request)

    async def _forget(self, fault: Fault, request: web.Request, handler: Handler):
        self._lose(target_of(request.path) or fault.target)
        return await handler(request)

    @staticmethod
    async def _begin(request: web.Request, length: int, status: int = 200) -> web.StreamResponse:
        headers = {"Content-Type": "application/json", "Content-Length": str(length)}
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(request)
        return response


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)
