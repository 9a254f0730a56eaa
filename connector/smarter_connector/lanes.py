"""What a target has in hand, by lane."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from smarter_connector.stores.base import Delivery


@dataclass(slots=True, eq=False)
class Lane:
    """Deliveries of one aggregate to one subscription, in order. ``busy``: one is under way."""

    name: str
    waiting: deque[Delivery] = field(default_factory=deque)
    busy: bool = False
    blocked: bool = False


@dataclass(slots=True)
class Batch:
    """What one call of a sink takes: the next deliveries of some lanes."""

    lanes: list[Lane]
    deliveries: list[Delivery]


class Lanes:
    """Lanes that wait for their turn, first come first served, one call at a time for each."""

    def __init__(self) -> None:
        self._by_name: dict[str, Lane] = {}
        self._ready: deque[Lane] = deque()
        self.waiting = 0

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Take what a claim brought, in order of ids. Returns what it replaces.

        A lane that comes again while the last of it is still here was leased anew after its lease
        ran out: what waited under the old lease is not ours any more.
        """
        replaced: list[Delivery] = []
        fresh: set[str] = set()
        for delivery in deliveries:
            lane = self._by_name.get(delivery.lane)
            if lane is None:
                lane = self._by_name[delivery.lane] = Lane(delivery.lane)
                self._ready.append(lane)
                fresh.add(lane.name)
            elif lane.name not in fresh:
                fresh.add(lane.name)
                replaced += self._empty(lane)
                lane.blocked = False
            lane.waiting.append(delivery)
            self.waiting += 1
        return replaced

    def take(self, size: int) -> Batch:
        """The next up to ``size`` deliveries; their lanes are busy until :meth:`put_back`."""
        batch = Batch([], [])
        room = size
        while room and self._ready:
            lane = self._ready.popleft()
            lane.busy = True
            batch.lanes.append(lane)
            while room and lane.waiting:
                batch.deliveries.append(lane.waiting.popleft())
                room -= 1
        self.waiting -= len(batch.deliveries)
        return batch

    def put_back(self, batch: Batch) -> list[Delivery]:
        """The batch is over. Returns what waits behind a failure and must be released."""
        released: list[Delivery] = []
        for lane in batch.lanes:
            lane.busy = False
            if lane.blocked:
                released += self._empty(lane)
            if lane.waiting:
                self._ready.append(lane)
            else:
                del self._by_name[lane.name]
        return released

    def clear(self) -> list[Delivery]:
        """Give up all that waits; lanes that are busy end when their batch does."""
        released: list[Delivery] = []
        for lane in list(self):
            released += self._empty(lane)
            if not lane.busy:
                del self._by_name[lane.name]
        self._ready.clear()
        return released

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._by_name.values())

    def _empty(self, lane: Lane) -> list[Delivery]:
        gone = list(lane.waiting)
        lane.waiting.clear()
        self.waiting -= len(gone)
        return gone
