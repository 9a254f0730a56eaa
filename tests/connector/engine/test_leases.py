"""Leases that are extended, lost, or given back at the end."""

from __future__ import annotations

import asyncio

from tests.connector.engine.bench import Bench, rows, running


async def slow_event(**values):
    bench = Bench(**values)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.open.clear()
    outbox.enqueue()
    return bench, outbox, sink


async def test_the_lease_of_a_slow_delivery_is_extended():
    bench, outbox, sink = await slow_event(lease_seconds=60)
    async with running(bench):
        await bench.work(200)
        sink.open.set()
        await bench.work(1)
        assert (outbox.states(), len(sink.got)) == ({"delivered": 1}, 1)
        assert bench.figure("smarter_lost_leases_total", tenant="t_1") == 0


async def test_a_lost_lease_is_counted_and_the_delivery_is_the_other_connectors():
    bench, outbox, sink = await slow_event()
    async with running(bench):
        (row,) = rows(outbox)
        row.lease = "of another connector"
        sink.open.set()
        await bench.work(1)
        assert bench.figure("smarter_lost_leases_total", tenant="t_1") == 1
        assert row.state == "leased"


async def test_what_waited_longer_than_its_lease_is_not_sent():
    bench = Bench(concurrency=1, lease_seconds=60)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.open.clear()
    outbox.enqueue(aggregate="sale.order/1")
    outbox.enqueue(aggregate="sale.order/2")
    async with running(bench):
        for row in rows(outbox):
            row.lease, row.due_at = "of another connector", row.due_at + 10_000
        await bench.work(100)
        sink.open.set()
        await bench.work(1)
        assert [item.lane for item in sink.got] == ["sale.order/1"]
        assert bench.figure("smarter_lost_leases_total", tenant="t_1") == 2


async def test_a_jump_of_the_wall_clock_ends_no_lease_of_ours():
    bench, outbox, sink = await slow_event()
    async with running(bench):
        bench.clock.jump(-86400)
        sink.open.set()
        await bench.work(1)
        assert outbox.states() == {"delivered": 1}


async def test_a_stop_finishes_what_was_begun_and_gives_back_the_rest():
    bench = Bench(concurrency=1)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.open.clear()
    for number in range(3):
        outbox.enqueue(aggregate=f"sale.order/{number}")
    async with running(bench):
        stopping = asyncio.create_task(bench.engine.stop(20))
        await bench.work(5)
        sink.open.set()
        await bench.work()
        await stopping
        await bench.task
        assert outbox.states() == {"delivered": 1, "pending": 2}
        assert [row.attempts for row in rows(outbox)] == [1, 0, 0]
        assert sink.closed


async def test_a_stop_breaks_off_what_does_not_end_in_time_and_others_may_try_at_once():
    bench, outbox, sink = await slow_event()
    async with running(bench):
        stopping = asyncio.create_task(bench.engine.stop(20))
        await bench.work(19)
        assert outbox.states() == {"leased": 1}
        await bench.work(2)
        await stopping
        await bench.task
        (row,) = rows(outbox)
        assert (row.state, row.status) == ("pending", "stopped")
        assert row.due_at <= bench.clock.time()


async def test_a_second_stop_does_not_wait():
    bench, outbox, sink = await slow_event()
    async with running(bench):
        first = asyncio.create_task(bench.engine.stop(1000))
        await bench.work(1)
        second = asyncio.create_task(bench.engine.stop(0))
        await bench.work(1)
        assert (bench.task.done(), outbox.states()) == (True, {"pending": 1})
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


async def test_a_stop_before_the_first_claim_is_not_lost():
    bench = Bench()
    outbox = bench.outbox()
    outbox.subscribe()
    outbox.enqueue()
    from smarter_connector.engine import Engine

    engine = Engine(bench.stores, bench.shared)
    stopping = asyncio.create_task(engine.stop(0))
    await bench.work()
    await asyncio.wait_for(engine.run(), 5)
    await stopping
    assert outbox.states() == {"pending": 1}
