"""Order within a lane, concurrency between lanes, batches."""

from __future__ import annotations

from smarter_connector.exceptions import Rejected, Retryable
from tests.connector.engine.bench import Bench, rows, running


def lane_versions(sink):
    lanes = {}
    for delivery in sink.got:
        lanes.setdefault(delivery.lane, []).append(delivery.event.version)
    return lanes


async def test_events_of_a_lane_arrive_in_order_and_once():
    bench = Bench(concurrency=4)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    for number in range(60):
        outbox.enqueue(aggregate=f"sale.order/{number % 3}")
    async with running(bench):
        await bench.work(1)
        assert outbox.states() == {"delivered": 60}
    lanes = lane_versions(sink)
    assert sum(map(len, lanes.values())) == 60
    assert all(versions == sorted(versions) for versions in lanes.values())


async def test_lanes_are_served_side_by_side_up_to_the_limit():
    bench = Bench(concurrency=4)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.open.clear()
    for number in range(9):
        outbox.enqueue(aggregate=f"sale.order/{number}")
    async with running(bench):
        assert sink.inside == 4


async def test_a_subscription_may_lower_its_own_concurrency():
    bench = Bench(concurrency=4)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe(config={"concurrency": 1}))
    for number in range(9):
        outbox.enqueue(aggregate=f"sale.order/{number}")
    async with running(bench):
        await bench.work(1)
        assert (len(sink.got), sink.most_inside) == (9, 1)


async def test_one_lane_is_never_served_twice_at_once():
    bench = Bench(concurrency=4)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    for _ in range(20):
        outbox.enqueue(aggregate="sale.order/1")
    async with running(bench):
        await bench.work(1)
        assert (len(sink.got), sink.most_inside) == (20, 1)


async def test_a_batch_takes_several_lanes_and_keeps_their_order():
    bench = Bench(concurrency=1)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe(batch_size=10))
    for number in range(25):
        outbox.enqueue(aggregate=f"sale.order/{number % 4}")
    async with running(bench):
        await bench.work(1)
    assert (max(sink.batches), sum(sink.batches)) == (10, 25)
    assert all(versions == sorted(versions) for versions in lane_versions(sink).values())


async def test_what_follows_a_failed_event_in_its_lane_waits_for_it():
    bench = Bench()
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.errors = [Retryable("later", status="503")]
    outbox.enqueue(aggregate="sale.order/1")
    outbox.enqueue(aggregate="sale.order/1")
    async with running(bench):
        assert sink.attempts == [("sale.order/1", 1)]
        await bench.work(6)
        assert sink.attempts == [("sale.order/1", 1), ("sale.order/1", 2), ("sale.order/1", 1)]
        assert outbox.states() == {"delivered": 2}


async def test_a_failed_lane_does_not_hold_back_another():
    bench = Bench()
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.error_for = lambda item: Retryable("no") if item.lane == "sale.order/1" else None
    outbox.enqueue(aggregate="sale.order/1")
    outbox.enqueue(aggregate="sale.order/2")
    async with running(bench):
        assert [row.state for row in rows(outbox)] == ["pending", "delivered"]


async def test_a_refused_event_is_dead_and_unblocks_its_lane():
    bench = Bench()
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.errors = [Rejected("the receiver answered 422", status="422")]
    outbox.enqueue(aggregate="sale.order/1")
    outbox.enqueue(aggregate="sale.order/1")
    async with running(bench):
        assert [row.state for row in rows(outbox)] == ["dead", "delivered"]
        assert rows(outbox)[0].status == "422"


async def test_what_a_sink_skips_was_not_tried():
    bench = Bench(concurrency=1)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe(batch_size=10))
    sink.errors = [Retryable("no", status="500")]
    for _ in range(3):
        outbox.enqueue(aggregate="sale.order/1")
    async with running(bench):
        assert [row.attempts for row in rows(outbox)] == [1, 1, 1]
        await bench.work(6)
        assert outbox.states() == {"delivered": 3}


async def test_an_event_that_arrives_while_its_lane_is_in_hand_follows_at_once():
    bench = Bench()
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.open.clear()
    outbox.enqueue(aggregate="sale.order/1")
    async with running(bench):
        outbox.enqueue(aggregate="sale.order/1")
        await bench.wake()
        assert len(sink.got) == 1
        sink.open.set()
        await bench.work()
        assert outbox.states() == {"delivered": 2}


async def test_more_than_one_claim_is_worked_off_without_waiting_for_a_poll():
    bench = Bench(claim_limit=10, per_lane=5)
    outbox = bench.outbox()
    outbox.subscribe()
    for number in range(95):
        outbox.enqueue(aggregate=f"sale.order/{number % 2}")
    async with running(bench):
        for _ in range(20):
            await bench.work(0.1)
        assert outbox.states() == {"delivered": 95}
