"""The Metabase of the sandbox: the call that tells it that a database has changed.

``POST /api/notify/db/{id}`` with ``X-Metabase-Apikey`` (Metabase's MB_API_KEY, not an API key of a
group); 403 for another key.
"""

from __future__ import annotations

import hmac
from collections import deque
from typing import Any

from aiohttp import web

MAX_NOTIFICATIONS = 1000


class Metabase:
    """What the stand-in for Metabase knows; an empty ``api_key`` accepts any that is not empty."""

    def __init__(self, wall, api_key: str = "") -> None:
        self._wall = wall
        self.api_key = api_key
        self.forget()

    def forget(self) -> None:
        """Lose the notifications."""
        self.notifications: deque[dict[str, Any]] = deque(maxlen=MAX_NOTIFICATIONS)
        self.total = 0

    def routes(self) -> list[web.RouteDef]:
        """The paths this part serves."""
        return [web.post(r"/api/notify/db/{id:\d{1,9}}", self.notify)]

    async def notify(self, request: web.Request) -> web.Response:
        """Record that somebody asked for a fresh look at a database."""
        given = request.headers.get("X-Metabase-Apikey", "")
        expected = self.api_key or given
        if not given or not hmac.compare_digest(given.encode(), expected.encode()):
            return web.Response(text="Forbidden", status=403)
        self.total += 1
        database = int(request.match_info["id"])
        self.notifications.append({"database_id": database, "received_at": self._wall()})
        return web.json_response({"success": True})

    def summary(self) -> dict[str, Any]:
        """How often it was told."""
        return {"notifications": self.total}
