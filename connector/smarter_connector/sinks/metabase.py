"""Telling Metabase that its database has new data: ``POST /api/notify/db/<id>``.

Metabase takes no events; it asks the warehouse again when told so. Many writes make one call, and a
call that fails is only logged: the data is there, Metabase's own schedule finds it later.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from smarter_connector.clock import Clock, Timer
from smarter_connector.exceptions import ConfigurationError, ConnectorError, Retryable
from smarter_connector.secrets import SecretResolver
from smarter_connector.stores.base import Subscription
from smarter_connector.transport import Transport

_logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 30.0
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class MetabaseTarget:
    """``api_key`` is Metabase's ``MB_API_KEY``, which is not a key of one of its users."""

    url: str
    database_id: int
    api_key: str = field(repr=False)
    interval: float = INTERVAL_SECONDS

    @classmethod
    def from_config(
        cls, subscription: Subscription, secrets: SecretResolver
    ) -> MetabaseTarget | None:
        """What the subscription configures, None if nothing. Raises ConfigurationError."""
        config = subscription.config
        url = config.get("metabase_url")
        if not url:
            return None
        database_id = config.get("metabase_database_id")
        if isinstance(database_id, bool) or not isinstance(database_id, int):
            raise ConfigurationError("metabase_database_id must be a number", status="metabase")
        if not config.get("metabase_api_key"):
            raise ConfigurationError("metabase_api_key is missing", status="metabase")
        key = secrets.resolve(config["metabase_api_key"])
        return cls(str(url).rstrip("/"), database_id, key)


class MetabaseNotifier:
    """Calls at once after a change, then at most every ``interval``; no change is left untold."""

    def __init__(self, target: MetabaseTarget, transport: Transport, clock: Clock) -> None:
        self._target = target
        self._transport = transport
        self._clock = clock
        self._changed = False
        self._next = 0.0
        self._timer: Timer | None = None
        self._task: asyncio.Task[None] | None = None

    def changed(self) -> None:
        """Data was written. Returns at once and raises nothing."""
        self._changed = True
        if self._timer is None and (self._task is None or self._task.done()):
            wait = max(0.0, self._next - self._clock.monotonic())
            self._timer = self._clock.call_later(wait, self._start)

    async def close(self) -> None:
        """Tell what is untold, and stop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            await self._task
        if self._changed:
            await self._notify()

    def _start(self) -> None:
        self._timer = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        await self._notify()
        self._task = None
        if self._changed:
            self.changed()

    async def _notify(self) -> None:
        self._changed = False
        self._next = self._clock.monotonic() + self._target.interval
        try:
            await self._post()
        except ConnectorError as error:
            _logger.warning("Metabase was not told of new data: %s", error)

    async def _post(self) -> None:
        target = self._target
        reply = await self._transport.request(
            "POST",
            f"{target.url}/api/notify/db/{target.database_id}",
            headers={"X-Metabase-Apikey": target.api_key, "Content-Type": "application/json"},
            body=b"{}",
            timeout=TIMEOUT_SECONDS,
        )
        if reply.status >= 300:
            raise Retryable(f"Metabase answered {reply.status}", status=str(reply.status))
