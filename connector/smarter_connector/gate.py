"""A limit on what happens at once, shared fairly between keys."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable


class FairGate:
    """At most ``limit`` inside, at most ``share`` of them under one key.

    A place that becomes free goes to the keys that wait, in turn, so that a key with a thousand
    waiting gets no more than one with a single one. Unless somebody waits, it costs no task switch.
    """

    def __init__(self, limit: int, share: int | None = None) -> None:
        self._limit = limit
        self._share = min(share or limit, limit)
        self._inside = 0
        self._by_key: dict[Hashable, int] = {}
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def inside(self) -> int:
        return self._inside

    async def enter(self, key: Hashable) -> None:
        if key not in self._waiting and self._has_place(key):
            self._take(key)
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave(key)
            raise

    def leave(self, key: Hashable) -> None:
        self._inside -= 1
        self._by_key[key] -= 1
        if not self._by_key[key]:
            del self._by_key[key]
        if self._waiting:
            self._hand_on()

    def _has_place(self, key: Hashable) -> bool:
        return self._inside < self._limit and self._by_key.get(key, 0) < self._share

    def _take(self, key: Hashable) -> None:
        self._inside += 1
        self._by_key[key] = self._by_key.get(key, 0) + 1

    def _hand_on(self) -> None:
        for key in list(self._waiting):
            if self._inside >= self._limit:
                return
            waiting = self._waiting[key]
            while waiting and waiting[0].cancelled():
                waiting.popleft()
            if waiting and self._has_place(key):
                self._take(key)
                waiting.popleft().set_result(None)
                self._waiting.move_to_end(key)
            if not waiting:
                del self._waiting[key]
