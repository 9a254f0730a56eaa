"""Tenants come, change, wait and go while the engine runs, and nothing of theirs is lost."""

from __future__ import annotations

import asyncio

import pytest

from smarter_connector.engine import Engine
from smarter_connector.exceptions import ConfigurationError, Retryable
from smarter_connector.registry.served import Served
from smarter_connector.roster import Roster
from smarter_connector.stores.memory import MemoryStore
from tests.connector.engine.bench import Bench, rows, running


class Listed(Bench):
    """A workbench whose tenants come by a list: :meth:`list` hands it to the roster."""

    def __init__(self, **values) -> None:
        super().__init__(**values)
        self.added: list[str] = []

    async def start(self) -> None:
        self.engine = Engine([], self.shared)
        self.roster = Roster(self.engine, self._store, lambda one: self.added.append(one.database))
        self.task = asyncio.create_task(self.engine.run())
        await self.work()

    def _store(self, listed) -> MemoryStore:
        number = int(listed.database.removeprefix("t_"))
        return MemoryStore(self.outboxes[number - 1], listed)

    async def list(self, *items: Served) -> None:
        self.roster.apply(items)
        await self.work(0.2)

    def item(self, number: int, *, plan: str = "enterprise", hold: str = "", **values) -> Served:
        tenant = self.stores[number - 1].tenant.model_copy(update=values)
        return Served(tenant, plan, hold)

    def states(self) -> dict[str, str]:
        return {one.database: one.state for one in self.engine.status()}


def filled(bench: Bench, events: int = 1, **subscription):
    outbox = bench.outbox()
    key = outbox.subscribe(**subscription)
    for number in range(events):
        outbox.enqueue(aggregate=f"sale.order/{number}")
    return outbox, bench.prepare(key)


async def test_a_tenant_that_is_listed_later_is_served_and_told_of():
    bench = Listed()
    first, _ = filled(bench)
    second, _ = filled(bench)
    async with running(bench):
        await bench.list(bench.item(1))
        assert (first.states(), second.states()) == ({"delivered": 1}, {"pending": 1})
        await bench.list(bench.item(1), bench.item(2))
        assert second.states() == {"delivered": 1}
        assert bench.added == ["t_1", "t_2"]


async def test_a_tenant_that_is_listed_no_longer_finishes_and_goes():
    bench = Listed(concurrency=1)
    outbox, sink = filled(bench, 3)
    sink.open.clear()
    async with running(bench):
        await bench.list(bench.item(1))
        await bench.list()
        sink.open.set()
        await bench.work(1)
        assert bench.states() == {}
        assert outbox.states() == {"delivered": 1, "pending": 2}
        assert [row.attempts for row in rows(outbox)] == [1, 0, 0]
        assert sink.closed
        assert b't_1"' not in bench.shared.metrics.text().split(b"smarter_tenant_state")[-1]


async def test_a_tenant_that_does_not_finish_is_broken_off_after_its_grace():
    bench = Listed(stop_seconds=5)
    outbox, sink = filled(bench)
    sink.open.clear()
    async with running(bench):
        await bench.list(bench.item(1))
        await bench.list()
        assert outbox.states() == {"leased": 1}
        await bench.work(6)
        assert outbox.states() == {"pending": 1}


async def test_one_that_comes_back_while_it_leaves_is_served_again_after_it():
    bench = Listed(stop_seconds=5)
    outbox, sink = filled(bench)
    sink.open.clear()
    async with running(bench):
        await bench.list(bench.item(1))
        await bench.list()
        await bench.list(bench.item(1))
        assert bench.states() == {}
        sink.open.set()
        await bench.work(1)
        assert (bench.states(), outbox.states()) == ({"t_1": "serving"}, {"delivered": 1})
        assert len(sink.got) == 1


async def test_a_database_that_is_listed_as_another_is_verified_anew():
    bench = Listed()
    outbox, _ = filled(bench)
    async with running(bench):
        await bench.list(bench.item(1, uuid="of a staging clone"))
        assert (bench.states(), outbox.states()) == ({"t_1": "refused"}, {"pending": 1})
        await bench.list(bench.item(1))
        await bench.work(1)
        assert (bench.states(), outbox.states()) == ({"t_1": "serving"}, {"delivered": 1})


async def test_an_entry_without_a_store_is_left_out_and_others_are_served(caplog):
    bench = Listed()
    first, _ = filled(bench)
    second, _ = filled(bench)
    make = bench._store

    def refuse(listed):
        if listed.database == "t_1":
            raise ConfigurationError("no password")
        return make(listed)

    bench._store = refuse
    async with running(bench):
        await bench.list(bench.item(1), bench.item(2))
        assert (first.states(), second.states()) == ({"pending": 1}, {"delivered": 1})
        assert "no password" in caplog.text


async def test_a_suspended_tenant_waits_with_its_reason_and_goes_on_where_it_stopped():
    bench = Listed()
    outbox, sink = filled(bench, 3)
    async with running(bench):
        await bench.list(bench.item(1, hold="suspended: the invoice of May"))
        (status,) = bench.engine.status()
        assert (status.state, status.problem) == ("held", "suspended: the invoice of May")
        assert outbox.states() == {"pending": 3} and bench.engine.ready
        await bench.list(bench.item(1))
        assert outbox.states() == {"delivered": 3}
        assert [attempt for _, attempt in sink.attempts] == [1, 1, 1]


async def test_what_is_under_way_when_a_hold_comes_ends_and_the_rest_is_given_back():
    bench = Listed(concurrency=1)
    outbox, sink = filled(bench, 3)
    sink.open.clear()
    async with running(bench):
        await bench.list(bench.item(1))
        await bench.list(bench.item(1, hold="in maintenance: upgrade"))
        assert outbox.states() == {"leased": 1, "pending": 2}
        sink.open.set()
        await bench.work(1)
        assert outbox.states() == {"delivered": 1, "pending": 2}


async def test_the_database_of_a_tenant_in_maintenance_is_not_asked():
    bench = Listed(poll_seconds=1)
    outbox, sink = filled(bench)
    sink.errors = [Retryable("down")] * 9
    async with running(bench):
        await bench.list(bench.item(1))
        await bench.work(30)
        await bench.list(bench.item(1, hold="in maintenance: upgrade"))
        store = bench.engine.tenants["t_1"].store
        before = len(store.calls)
        await bench.work(900)
        await bench.wake()
        assert store.calls[before:] == []
        assert bench.engine.may_ask("t_1") is False and bench.engine.may_ask("t_2") is None
        sink.errors = []
        await bench.list(bench.item(1))
        await bench.work(60)
        assert outbox.states() == {"delivered": 1}


async def test_webhooks_over_the_allowance_wait_for_the_hour_and_none_is_lost():
    bench = Listed(claim_limit=50)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    for _ in range(900):
        outbox.enqueue(aggregate="sale.order/1")
    async with running(bench):
        await bench.list(bench.item(1, plan="free"))
        await bench.work(20)
        assert outbox.states() == {"delivered": 400, "pending": 500}
        (status,) = bench.engine.status()
        assert (status.state, "400 webhooks" in status.webhooks_held) == ("serving", True)
        assert bench.figure("smarter_webhooks_held", tenant="t_1") == 1
        await bench.work(3600)
        assert outbox.states() == {"delivered": 800, "pending": 100}
        await bench.work(3600)
        assert outbox.states() == {"delivered": 900}
        assert bench.engine.status()[0].webhooks_held == ""
    numbers = [item.event.number for item in sink.got]
    assert len(numbers) == 900 and numbers == sorted(numbers)


async def test_a_receiver_that_is_down_does_not_use_up_the_allowance():
    bench = Listed()
    outbox, sink = filled(bench, 5)
    sink.errors = [Retryable("down")] * 8
    async with running(bench):
        await bench.list(bench.item(1, plan="free"))
        await bench.work(3000)
        assert outbox.states() == {"delivered": 5}
        assert sum(outbox.webhooks.values()) == 5 and len(sink.got) > 5


async def test_a_larger_plan_lets_them_go_at_once():
    bench = Listed()
    outbox, _ = filled(bench, 500)
    async with running(bench):
        await bench.list(bench.item(1, plan="free"))
        await bench.work(10)
        assert outbox.states() == {"delivered": 400, "pending": 100}
        await bench.list(bench.item(1, plan="enterprise"))
        await bench.work(2)
        assert outbox.states() == {"delivered": 500}
        assert bench.figure("smarter_webhooks_held", tenant="t_1") == 0


@pytest.mark.parametrize("plan", ["enterprise", "a plan of a newer release"])
def test_a_plan_without_a_number_has_no_allowance(plan):
    bench = Listed()
    bench.outbox()
    assert bench.item(1, plan=plan).webhooks_per_hour is None


async def test_an_engine_refuses_to_serve_a_database_twice():
    bench = Bench()
    bench.outbox()
    async with running(bench):
        with pytest.raises(ValueError, match="served already"):
            bench.engine.add(bench.stores[0])
