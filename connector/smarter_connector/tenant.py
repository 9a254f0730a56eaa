"""One tenant: claim, hand out to its targets, settle, and keep the leases."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from smarter_connector.alarms import Alarms
from smarter_connector.clock import wait
from smarter_connector.exceptions import ConnectorError, StoreUnavailable
from smarter_connector.leases import LeaseBook
from smarter_connector.settler import Settler
from smarter_connector.shared import Shared
from smarter_connector.stores.base import Allowance, Claim, Delivery, Outcome, Settled, Store
from smarter_connector.target import Target

logger = logging.getLogger(__name__)

RECONNECT_FIRST, RECONNECT_MAX = 0.5, 15.0  # seconds
WARN_SECONDS = 60.0
"""Lost leases are counted each, and told of so often."""
BUSY = 32
"""Deliveries under way from which on outcomes are gathered."""

STARTING, SERVING, HELD, AWAY, REFUSED, STOPPED = (
    "starting",
    "serving",
    "held",
    "away",
    "refused",
    "stopped",
)


class TenantRunner:
    """Serves one tenant until told to stop; what goes wrong with one tenant stays with it."""

    def __init__(self, store: Store, shared: Shared) -> None:
        self.store = store
        self.shared = shared
        self.stopping = False
        self.state = STARTING
        self.problem = ""
        self.late = False
        """It came while others were served already: they are ready without it."""
        self.allowance: Allowance | None = None
        """The plan's webhooks an hour, once they are used up."""
        self._hold = ""
        self.targets: dict[int, Target] = {}
        self._wake = asyncio.Event()
        self._rested = asyncio.Event()
        self._left = asyncio.Event()
        self._loop: asyncio.Task[object] | None = None
        self._asked = True
        self._some_settled = False
        self._away_for = RECONNECT_FIRST
        self._alarms = Alarms(shared.clock)
        self._poll = shared.settings.poll_seconds
        self._checked_at = self._warned_at = float("-inf")
        self._clock_offset = 0.0
        self._leases = LeaseBook(shared.clock, shared.settings.lease_seconds)
        self._in_hand: dict[int, Delivery] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._settler = Settler(store, shared.clock, busy=self._busy, done=self._settled)

    # What the engine calls

    @property
    def name(self) -> str:
        return self.store.tenant.database

    def wake(self) -> None:
        """Something was committed: claim now."""
        self._asked = True
        self._poll = self.shared.settings.poll_seconds
        self._wake.set()

    def hold(self, reason: str) -> None:
        """Claim nothing more while there is a ``reason``; what is under way ends.

        Meanwhile the database is left alone: it may be in maintenance.
        """
        if reason != self._hold:
            self._hold = reason
            self._checked_at = float("-inf")
            self._rested.set()
            self.wake()

    def allow(self, webhooks_per_hour: int | None) -> None:
        """The plan's allowance; None is no limit."""
        if webhooks_per_hour != self.store.webhooks_per_hour:
            self.store.webhooks_per_hour = webhooks_per_hour
            self._note(None)
            self.wake()

    @property
    def held(self) -> bool:
        """It is told to claim nothing, and its database is left alone."""
        return bool(self._hold)

    async def run(self) -> None:
        """Serve until :meth:`stop`; then everything in hand is settled and the store closed."""
        settling = asyncio.create_task(self._settler.run())
        self._loop = asyncio.current_task()
        try:
            while not self.stopping:
                await self._serve()
        except asyncio.CancelledError:
            if not self.stopping:
                raise
        finally:
            self._left.set()
            while running := self._running():
                await asyncio.gather(*running, return_exceptions=True)
            await asyncio.gather(*self._tasks)
            self._settler.close()
            await settling
            await asyncio.gather(*(target.close() for target in self.targets.values()))
            await self.store.close()
            self._report(STOPPED)

    async def stop(self, grace: float) -> None:
        """Begin nothing new, finish what is under way for ``grace`` seconds, break off the rest."""
        self.stopping = True
        for target in self.targets.values():
            target.release()
        self._wake.set()
        self._rested.set()
        leaving = asyncio.create_task(self._left.wait())
        await wait(self.shared.clock, {leaving, *self._running()}, grace)
        leaving.cancel()
        for task in self._running():
            task.cancel()
        if self._loop and not self._left.is_set():
            self._loop.cancel()

    def _running(self) -> set[asyncio.Task[None]]:
        return {task for target in self.targets.values() for task in target.running}

    # What its targets call

    def lease_valid(self, lease: str) -> bool:
        return self._leases.valid(lease)

    def finished(self, delivery: Delivery, outcome: Outcome) -> None:
        self._settler.add(outcome)
        if outcome.retry_in is not None:
            self._alarms.add(outcome.retry_in)
        if outcome.outcome != "released":
            target = self.targets[delivery.subscription_id].subscription.target
            now = self.shared.clock.time() + self._clock_offset
            self.shared.metrics.attempted(self.name, target, delivery, outcome, now)

    def lost(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            self._forget((item.id, item.lease) for item in deliveries)
            self._report_lost(len(deliveries))

    def disable(self, target: Target, reason: str) -> None:
        logger.warning("subscription %s is disabled: %s", target.subscription.name, reason)
        self._spawn(self.store.disable(target.subscription.id, reason))

    def wants_more(self) -> None:
        self._wake.set()

    def target_changed(self, target: Target) -> None:
        self.shared.metrics.breaker(self.name, target)
        self._wake.set()

    # The loop

    async def _serve(self) -> None:
        """One turn: check who it is, claim what may be claimed, sleep until something happens."""
        try:
            if self._hold:
                await self._stay_held()
            else:
                await self._check()
                self._wake.clear()
                await self._claim()
        except StoreUnavailable as error:
            self._report(AWAY, str(error))
            await self._rest(self._away_for)
            self._away_for = min(self._away_for * 2, RECONNECT_MAX)
        except ConnectorError as error:
            self._report(REFUSED, str(error))
            await self._rest(self.shared.settings.identity_seconds)
        except Exception:
            # The boundary of the loop: a defect met with one tenant must not stop the others.
            logger.exception("tenant %s met a defect", self.name)
            self._report(AWAY, "internal error of the connector; see its log")
            await self._rest(RECONNECT_MAX)
        else:
            self._away_for = RECONNECT_FIRST
            await self._sleep()

    async def _stay_held(self) -> None:
        self._wake.clear()
        self._report(HELD, self._hold)
        for target in self.targets.values():
            target.release()
            if target.idle and target.breaker.may_probe():
                target.breaker.abandon_probe()
        if not self._in_hand:
            await self.store.close()

    async def _check(self) -> None:
        now = self.shared.clock.monotonic()
        due = self._checked_at + self.shared.settings.identity_seconds
        if self.state in (SERVING, HELD) and now < due:
            return
        identity = await self.store.open()
        self._checked_at = now
        if self.state not in (SERVING, HELD):
            self._asked = True
        self._report(HELD if identity.held else SERVING, identity.held_reason)

    async def _claim(self) -> None:
        for target in list(self.targets.values()):
            if self.stopping or not target.idle:
                continue
            target.breaker.end_probe()  # one that the store or a lost lease kept from being made
            if target.breaker.may_probe():
                target.breaker.begin_probe()
                found = await self._claim_from([target.subscription.id], 1)
                if not any(item.subscription_id == target.subscription.id for item in found):
                    target.breaker.abandon_probe()
        some_settled, self._some_settled = self._some_settled, False
        if self._asked or any(
            target.again and target.has_room and (target.full or some_settled)
            for target in self.targets.values()
        ):
            self._asked = False
            await self._claim_all()

    async def _claim_all(self) -> None:
        """Claim for what has room; more at once where a backlog is sent in batches."""
        shut = [key for key, target in self.targets.items() if not target.has_room]
        limits: dict[int, list[int]] = {}
        for key, target in self.targets.items():
            backlog = target.full and target.limit > self.shared.settings.claim_limit
            if backlog and target.has_room:
                limits.setdefault(target.limit, []).append(key)
        for limit, keys in limits.items():
            await self._claim_from(keys, limit)
            shut += keys
        await self._claim_from(None, self.shared.settings.claim_limit, shut)

    async def _claim_from(
        self, only: list[int] | None, limit: int, exclude: Sequence[int] = ()
    ) -> tuple[Delivery, ...]:
        settings, asked_at = self.shared.settings, self.shared.clock.monotonic()
        claim = await self.store.claim(
            worker=self.shared.worker,
            limit=limit,
            per_lane=min(limit, settings.per_lane),
            lease_seconds=settings.lease_seconds,
            subscriptions=only,
            exclude=exclude,
        )
        self._clock_offset = claim.now - self.shared.clock.time()
        if claim.held != (self.state == HELD):
            self._report(HELD if claim.held else SERVING)
        if claim.allowance is not None:
            self._note(claim.allowance)
        self._leases.add(claim.deliveries, asked_at)
        for target in self.targets.values() if only is None else map(self.targets.get, only):
            if target.subscription.id not in exclude:
                # What arrived in a lane that is in hand shows itself once that is settled.
                target.again, target.full = target.in_hand > 0, False
        self._hand_out(claim, limit)
        return claim.deliveries

    def _hand_out(self, claim: Claim, limit: int) -> None:
        subscriptions = {item.id: item for item in claim.subscriptions}
        by_subscription = attrgetter("subscription_id")
        for key, found in groupby(sorted(claim.deliveries, key=by_subscription), by_subscription):
            target = self.targets.get(key)
            if target is None:
                target = self.targets[key] = Target(self, self.shared, subscriptions[key])
            elif target.subscription != subscriptions[key]:
                target.update(subscriptions[key])
            deliveries = list(found)
            target.again, target.full = True, len(deliveries) >= limit
            target.in_hand += sum(item.id not in self._in_hand for item in deliveries)
            self._in_hand.update((item.id, item) for item in deliveries)
            target.accept(deliveries)
            if self.stopping or self._hold:
                target.release()

    # Sleeping

    async def _sleep(self) -> None:
        """Until woken, or until the next poll, probe or lease is due."""
        if self._in_hand:
            self._poll = self.shared.settings.poll_seconds
        probes = [target.breaker.reopens_in for target in self.targets.values() if target.idle]
        lease = self.shared.settings.lease_seconds / 4 if self._in_hand else self._poll
        alarm = self._alarms.next()
        waits = (alarm, *probes)
        due = min([self._poll, lease, *(wait for wait in waits if wait is not None)])
        timer = self.shared.clock.call_later(due, self._timed_out)
        await self._wake.wait()
        timer.cancel()
        for target in self.targets.values():
            target.break_off_late()
        await self._keep_leases()

    def _timed_out(self) -> None:
        self._asked = True
        announced = self.shared.listening and self.store.tenant.store == "postgres"
        if announced and not self._in_hand:
            self._poll = min(self._poll * 2, self.shared.settings.poll_max_seconds)
        self._wake.set()

    async def _keep_leases(self) -> None:
        ending = self._leases.ending()
        if not ending:
            return
        asked_at = self.shared.clock.monotonic()
        seconds = self.shared.settings.lease_seconds
        try:
            for lease in ending:
                if await self.store.extend([lease], seconds):
                    self._leases.extended([lease], asked_at)
                else:
                    self._leases.drop(lease)
        except ConnectorError as error:
            logger.warning("leases of %s could not be extended: %s", self.name, error)

    async def _rest(self, seconds: float) -> None:
        """Wait before the next try, but not when told to stop."""
        self._rested.clear()
        timer = self.shared.clock.call_later(seconds, self._rested.set)
        if not self.stopping:
            await self._rested.wait()
        timer.cancel()

    # Book-keeping

    def _settled(self, outcomes: Sequence[Outcome], settled: Settled, unclear: bool) -> None:
        self._forget((outcome.id, outcome.lease) for outcome in outcomes)
        if settled.lost and not unclear:
            self._report_lost(len(settled.lost))
        self._some_settled = True
        self._wake.set()

    def _busy(self) -> bool:
        return len(self._in_hand) - len(self._settler) >= BUSY

    def _forget(self, items: Iterable[tuple[int, str]]) -> None:
        leases = []
        for key, lease in items:
            leases.append(lease)
            held = self._in_hand.get(key)
            if held is not None and held.lease == lease:
                del self._in_hand[key]
                self.targets[held.subscription_id].in_hand -= 1
        self._leases.settled(leases)

    def _report(self, state: str, problem: str = "") -> None:
        if (state, problem) != (self.state, self.problem):
            level = logging.ERROR if state == REFUSED else logging.INFO
            logger.log(level, "tenant %s is %s %s", self.name, state, problem)
        self.state, self.problem = state, problem
        self.shared.metrics.tenant(self.name, state)

    def _note(self, allowance: Allowance | None) -> None:
        """Claim again when the next hour begins: webhooks wait for it from now on."""
        spent = allowance if allowance is not None and allowance.spent else None
        if spent and not self.allowance:
            logger.warning("webhooks of %s wait: %d an hour are used up", self.name, spent.limit)
            self._alarms.add(spent.opens_in)
        self.allowance = spent
        self.shared.metrics.webhooks_held(self.name, bool(spent))

    def _report_lost(self, count: int) -> None:
        self.shared.metrics.lost(self.name, count)
        now = self.shared.clock.monotonic()
        if now >= self._warned_at + WARN_SECONDS:
            self._warned_at = now
            logger.warning("leases of %s were lost to another connector", self.name)

    def _spawn(self, work: Coroutine[object, object, object]) -> None:
        task = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Coroutine[object, object, object]) -> None:
        try:
            await work
        except ConnectorError as error:
            logger.warning("%s: %s", self.name, error)
