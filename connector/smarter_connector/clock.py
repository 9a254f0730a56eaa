"""Time as a parameter: the system's, and one that tests move by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Iterable
from typing import Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    def time(self) -> float:
        """Seconds since 1970, for what is signed, logged and compared with other machines."""
        ...

    def monotonic(self) -> float:
        """Seconds of no fixed origin that never jump, for time-outs and leases."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call ``callback`` in the running loop after ``seconds``."""
        ...


class SystemClock:
    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        return asyncio.get_running_loop().call_later(max(0.0, seconds), callback)


class FakeTimer:
    """A timer of :class:`FakeClock`."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class FakeClock:
    """Stands still until :meth:`advance`. ``jump`` moves the wall clock alone, as people may do."""

    def __init__(self, now: float = 1_795_000_000.0) -> None:
        self._monotonic = 1_000.0
        self._offset = now - self._monotonic
        self._timers: list[tuple[float, int, FakeTimer]] = []
        self._order = itertools.count()

    def time(self) -> float:
        return self._monotonic + self._offset

    def monotonic(self) -> float:
        return self._monotonic

    def jump(self, seconds: float) -> None:
        self._offset += seconds

    def call_later(self, seconds: float, callback: Callable[[], object]) -> FakeTimer:
        timer = FakeTimer(callback)
        due = self._monotonic + max(0.0, seconds)
        heapq.heappush(self._timers, (due, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Move on, calling what falls due on the way at its own moment."""
        end = self._monotonic + seconds
        while self._timers and self._timers[0][0] <= end:
            due, _, timer = heapq.heappop(self._timers)
            self._monotonic = max(self._monotonic, due)
            if timer.callback:
                timer.callback()
        self._monotonic = end


async def sleep(clock: Clock, seconds: float) -> None:
    """Wait ``seconds`` by ``clock``."""
    done = asyncio.Event()
    timer = clock.call_later(seconds, done.set)
    try:
        await done.wait()
    finally:
        timer.cancel()


async def wait(clock: Clock, tasks: Iterable[asyncio.Task[object]], seconds: float) -> None:
    """Until all are done, for ``seconds`` at most."""
    timeout = asyncio.create_task(sleep(clock, seconds))
    done = asyncio.create_task(asyncio.wait(tasks))
    await asyncio.wait((timeout, done), return_when=asyncio.FIRST_COMPLETED)
    timeout.cancel()
    done.cancel()
