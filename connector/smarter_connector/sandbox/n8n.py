"""The n8n of the sandbox: a webhook that verifies the signature, dedupes and records events.

Answers follow n8n 2.x: ``{"message": "Workflow was started"}`` for a webhook that responds at once,
and its 404 document for a webhook that is not registered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import orjson
from aiohttp import web

from smarter_connector.sandbox.limits import Bounded
from smarter_domain.events.signature import InvalidSignature, SigningKey, verify

MAX_IDS = 200_000
MAX_DOCUMENTS = 5_000
ANY_PATH = "*"


@dataclass(slots=True)
class Received:
    """An event as it first arrived, and how often it came again.

    ``document`` is the whole CloudEvents event; None once newer ones have taken its room.
    """

    position: int
    path: str
    webhook_id: str
    id: str
    type: str
    source: str
    subject: str
    sequence: str
    received_at: float
    monotonic: float
    document: Mapping[str, Any] | None
    copies: int = 0
    replays: int = 0

    def to_json(self) -> dict[str, Any]:
        """The record as the control interface shows it; times in seconds."""
        return asdict(self)


class N8n:
    """What the stand-in for n8n knows. ``wall`` and ``monotonic`` are clocks, in seconds."""

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._keys: dict[str, tuple[SigningKey, ...]] = {}
        self.webhooks: frozenset[str] | None = None
        self.forget()

    def forget(self) -> None:
        """Lose what arrived; keys and registered webhooks stay, as they are configuration."""
        self.seen: Bounded[tuple[str, str], Received] = Bounded(MAX_IDS)
        self._whole: deque[Received] = deque(maxlen=MAX_DOCUMENTS)
        self.requests = self.refused = self.duplicates = self.out_of_order = self.total = 0
        self._latest: Bounded[tuple[str, str, str], str] = Bounded(MAX_IDS)

    def set_keys(self, keys: Iterable[str], path: str = ANY_PATH) -> None:
        """Signing keys ("whsec_...") that a webhook accepts; raises ``InvalidKey``."""
        self._keys[path] = tuple(SigningKey.from_text(key) for key in keys)

    def keys_for(self, path: str) -> tuple[SigningKey, ...]:
        """Keys of one webhook: its own, else those for all."""
        return self._keys.get(path) or self._keys.get(ANY_PATH, ())

    def routes(self) -> list[web.RouteDef]:
        """The paths this part serves."""
        return [web.route("*", "/webhook/{path:.+}", self.receive)]

    async def receive(self, request: web.Request) -> web.Response:
        """Take one event or a batch: registered, signed, recorded, answered."""
        path = request.match_info["path"]
        registered = self.webhooks is None or path in self.webhooks
        if request.method != "POST" or not registered:
            return _not_registered(request.method, path)
        self.requests += 1
        body = await request.read()
        problem = self._problem(path, request.headers, body)
        if problem:
            self.refused += 1
            return web.json_response({"message": problem}, status=401)
        try:
            events = _events(body)
        except ValueError as error:
            return web.json_response({"code": 422, "message": str(error)}, status=422)
        for event in events:
            self._record(path, request.headers.get("webhook-id", ""), event)
        return web.json_response({"message": "Workflow was started"})

    def _problem(self, path: str, headers: Mapping[str, str], body: bytes) -> str:
        keys = self.keys_for(path)
        if "X-SMOS-HMAC" not in headers:
            return "Invalid signature: the X-SMOS-HMAC header is missing"
        if not keys:
            return f"No signing key is registered for {path}"
        try:
            verify(headers, body, keys=keys, now=int(self._wall()))
        except InvalidSignature as error:
            return f"Invalid signature: {error}"
        return ""

    def _record(self, path: str, webhook_id: str, event: Mapping[str, Any]) -> None:
        self.total += 1
        known = self.seen.get((path, str(event["id"])))
        if known is not None:
            self.duplicates += 1
            known.copies += 1
            known.replays += "smosreplay" in event
            return
        words = [str(event.get(key, "")) for key in ("id", "type", "source", "subject", "sequence")]
        times = (self._wall(), self._monotonic())
        received = Received(self.total, path, webhook_id, *words, *times, event)
        self._check_order(received)
        self._keep(received)

    def _keep(self, received: Received) -> None:
        self.seen[received.path, received.id] = received
        if len(self._whole) == MAX_DOCUMENTS:
            self._whole[0].document = None
        self._whole.append(received)

    def _check_order(self, received: Received) -> None:
        lane = (received.path, received.source, received.subject)
        if received.sequence < self._latest.get(lane, ""):
            self.out_of_order += 1
        else:
            self._latest[lane] = received.sequence

    def newest(self, count: int) -> list[Received]:
        """The events that arrived last, newest first."""
        return list(islice(reversed(self.seen.values()), count))

    def after(self, position: int, count: int) -> list[Received]:
        """At most ``count`` events that first arrived after a position, oldest first."""
        return list(islice((r for r in self.seen.values() if r.position > position), count))

    def summary(self) -> dict[str, Any]:
        """Counts; ``out_of_order`` are first arrivals behind a later event of their aggregate."""
        return {
            "requests": self.requests,
            "refused": self.refused,
            "received": self.total,
            "events": len(self.seen) + self.seen.dropped,
            "duplicates": self.duplicates,
            "out_of_order": self.out_of_order,
        }


def _events(body: bytes) -> list[Mapping[str, Any]]:
    document = orjson.loads(body)
    events = document if isinstance(document, list) else [document]
    if not all(isinstance(event, dict) and "id" in event for event in events):
        raise ValueError("The body is no CloudEvents event")
    return events


def _not_registered(method: str, path: str) -> web.Response:
    document = {
        "code": 404,
        "message": f'The requested webhook "{method} {path}" is not registered.',
        "hint": "The workflow must be active for a production URL to run successfully.",
    }
    return web.json_response(document, status=404)
