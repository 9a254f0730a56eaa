"""Doors that fail in the middle, and texts and settings that are not as agreed."""

from __future__ import annotations

from smarter_connector.exceptions import Rejected, Retryable, StoreUnavailable
from tests.connector.engine.bench import Bench, rows, running


def failing(bench: Bench, function: str, *errors: Exception) -> None:
    """Let the first store's ``function`` raise these, one a call, before it works again."""
    store, left = bench.stores[0], list(errors)
    working = getattr(store, function)

    async def call(*args, **kwargs):
        if left:
            raise left.pop(0)
        return await working(*args, **kwargs)

    setattr(store, function, call)


async def test_a_probe_that_the_database_interrupts_is_made_again():
    bench = Bench(breaker_failures=1, breaker_seconds=10)
    outbox = bench.outbox()
    bench.prepare(outbox.subscribe()).errors = [Retryable("no")]
    outbox.enqueue()
    async with running(bench):
        failing(bench, "claim", *[StoreUnavailable("away")] * 6)
        await bench.work(60)
        assert outbox.states() == {"delivered": 1}


async def test_a_defect_while_settling_keeps_neither_the_tenant_nor_the_event_back(caplog):
    bench = Bench()
    outbox = bench.outbox()
    outbox.subscribe()
    async with running(bench):
        failing(bench, "settle", TypeError("not text"))
        outbox.enqueue()
        await bench.wake()
        outbox.enqueue(aggregate="sale.order/2")
        await bench.wake()
        assert outbox.states() == {"delivered": 1, "leased": 1}
        await bench.work(70)
        assert outbox.states() == {"delivered": 2}
    assert "could not be written" in caplog.text


async def test_an_answer_that_is_not_valid_text_is_stored_all_the_same():
    bench = Bench()
    outbox = bench.outbox()
    bench.prepare(outbox.subscribe()).errors = [Rejected("no", answer="half \ud800 a letter")]
    outbox.enqueue()
    async with running(bench):
        (row,) = rows(outbox)
        assert (row.state, row.answer) == ("dead", "no\nhalf ? a letter")


async def test_a_configuration_that_is_no_object_stops_no_other_subscription():
    bench = Bench()
    outbox = bench.outbox()
    wrong, right = outbox.subscribe(config=["x"]), outbox.subscribe()
    outbox.enqueue()
    async with running(bench):
        found = {row.subscription_id: (row.state, row.status) for row in rows(outbox)}
        assert found == {wrong: ("pending", "config"), right: ("delivered", "200")}
