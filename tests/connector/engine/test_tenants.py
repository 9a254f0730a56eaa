"""Many tenants and targets in one process: none is in the way of another."""

from __future__ import annotations

from smarter_connector.exceptions import Retryable, StoreUnavailable
from tests.connector.engine.bench import Bench, rows, running


def serving(bench):
    return {status.database: status.state for status in bench.engine.status()}


async def test_a_slow_target_does_not_hold_back_another_of_its_tenant():
    bench = Bench(concurrency=2)
    outbox = bench.outbox()
    slow, quick = outbox.subscribe(url="http://slow/"), outbox.subscribe(url="http://quick/")
    bench.prepare(slow).open.clear()
    for number in range(20):
        outbox.enqueue(aggregate=f"sale.order/{number}")
    async with running(bench):
        await bench.work(1)
        done = {row.subscription_id for row in rows(outbox) if row.state == "delivered"}
        assert done == {quick}
        assert sum(row.subscription_id == quick for row in rows(outbox)) == 20


async def test_a_slow_tenant_does_not_take_the_last_place_of_a_shared_host():
    bench = Bench(concurrency=8, host_concurrency=4)
    slow, quick = bench.outbox(), bench.outbox()
    bench.prepare(slow.subscribe(url="http://n8n/a")).open.clear()
    quick.subscribe(url="http://n8n/b")
    for number in range(20):
        slow.enqueue(aggregate=f"sale.order/{number}")
        quick.enqueue(aggregate=f"sale.order/{number}")
    async with running(bench):
        await bench.work(2)
        assert (slow.states(), quick.states()) == ({"leased": 20}, {"delivered": 20})


async def test_a_slow_tenant_does_not_take_the_last_place_of_the_process():
    bench = Bench(concurrency=8, total_concurrency=4)
    slow, quick = bench.outbox(), bench.outbox()
    for number in range(4):
        bench.prepare(slow.subscribe(url=f"http://slow-{number}/")).open.clear()
    quick.subscribe(url="http://quick/")
    slow.enqueue()
    quick.enqueue()
    async with running(bench):
        await bench.work(1)
        assert quick.states() == {"delivered": 1}


async def test_a_tenant_with_a_backlog_shares_with_one_that_has_a_single_event():
    bench = Bench(concurrency=2, host_concurrency=2)
    big, small = bench.outbox(), bench.outbox()
    sink = bench.prepare(big.subscribe(url="http://n8n/a"))
    sink.open.clear()
    small.subscribe(url="http://n8n/b")
    for number in range(50):
        big.enqueue(aggregate=f"sale.order/{number}")
    small.enqueue()
    async with running(bench):
        await bench.work()
        assert (small.states(), big.states()) == ({"delivered": 1}, {"leased": 50})


async def test_a_database_that_is_not_the_listed_one_is_not_served_and_others_are(caplog):
    bench = Bench()
    copy, real = bench.outbox(uuid="of-production"), bench.outbox()
    for outbox in (copy, real):
        outbox.subscribe()
        outbox.enqueue()
    async with running(bench):
        assert serving(bench) == {"t_1": "refused", "t_2": "serving"}
        assert (copy.states(), real.states()) == ({"pending": 1}, {"delivered": 1})
        assert "claim" not in bench.stores[0].calls
        assert bench.figure("smarter_tenant_state", tenant="t_1", state="refused") == 1
    assert "of-production" in caplog.text


async def test_a_refused_database_is_asked_again_but_not_at_every_announcement():
    bench = Bench(identity_seconds=60)
    outbox = bench.outbox(uuid="of-production")
    outbox.subscribe()
    outbox.enqueue()
    async with running(bench):
        for _ in range(10):
            await bench.wake()
        assert bench.stores[0].calls == ["identity"]
        outbox.uuid = "of-production"
        await bench.work(61)
        assert outbox.states() == {"delivered": 1}


async def test_a_database_that_becomes_another_one_is_refused_within_a_minute():
    bench = Bench(identity_seconds=60)
    outbox = bench.outbox()
    outbox.subscribe()
    async with running(bench):
        outbox.uuid = "restored elsewhere"
        await bench.work(65)
        outbox.enqueue()
        await bench.wake()
        assert (serving(bench), outbox.states()) == ({"t_1": "refused"}, {"pending": 1})


async def test_another_protocol_version_is_refused():
    bench = Bench()
    bench.outbox().protocol = 2
    async with running(bench):
        assert serving(bench) == {"t_1": "refused"}


async def test_a_store_that_is_away_is_tried_again_and_nothing_is_lost():
    bench = Bench()
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.open.clear()
    outbox.enqueue()
    async with running(bench):
        bench.stores[0].fail_with = StoreUnavailable("connection refused")
        sink.open.set()
        await bench.work(10)
        assert (serving(bench), outbox.states()) == ({"t_1": "away"}, {"leased": 1})
        bench.stores[0].fail_with = None
        await bench.work(20)
        assert (serving(bench), outbox.states()) == ({"t_1": "serving"}, {"delivered": 1})
        assert len(sink.got) == 1


async def test_an_announcement_is_answered_without_waiting_for_the_poll():
    bench = Bench(poll_seconds=5)
    outbox = bench.outbox()
    outbox.subscribe()
    async with running(bench):
        outbox.enqueue()
        bench.engine.wake("t_1")
        await bench.work()
        assert outbox.states() == {"delivered": 1}


async def test_an_event_that_nobody_announced_is_found_by_polling():
    bench = Bench(poll_seconds=5)
    outbox = bench.outbox()
    outbox.subscribe()
    async with running(bench):
        outbox.enqueue()
        bench.engine.wake("t_of_somebody_else")
        await bench.work()
        assert outbox.states() == {"pending": 1}
        await bench.work(6)
        assert outbox.states() == {"delivered": 1}


async def test_a_held_outbox_is_served_once_it_is_released():
    bench = Bench()
    outbox = bench.outbox()
    outbox.subscribe()
    outbox.enqueue()
    outbox.held = True
    async with running(bench):
        assert (serving(bench), outbox.states()) == ({"t_1": "held"}, {"pending": 1})
        assert bench.engine.ready
        outbox.held = False
        await bench.work(10)
        assert (serving(bench), outbox.states()) == ({"t_1": "serving"}, {"delivered": 1})


async def test_a_suspended_tenant_waits_and_is_told_of_once(caplog):
    caplog.set_level("INFO")
    bench = Bench()
    outbox = bench.outbox()
    outbox.subscribe()
    outbox.enqueue()
    outbox.status = "suspended"
    async with running(bench):
        await bench.work(200)
        (status,) = bench.engine.status()
        assert (status.state, status.problem) == ("held", "the tenant is suspended")
        assert outbox.states() == {"pending": 1}
    assert caplog.text.count(" is held ") == 1


async def test_a_changed_subscription_gets_a_new_sink_and_the_old_one_is_closed():
    bench = Bench()
    outbox = bench.outbox()
    key = outbox.subscribe(url="http://old/")
    outbox.enqueue()
    async with running(bench):
        outbox.subscriptions[key]["url"] = "http://new/"
        bench.sinks.clear()
        outbox.enqueue()
        await bench.wake()
        assert [sink.context.subscription.url for sink in bench.made] == [
            "http://old/",
            "http://new/",
        ]
        assert [sink.closed for sink in bench.made] == [True, False]


async def test_an_idle_tenant_costs_two_calls_in_ten_seconds():
    bench = Bench(poll_seconds=5, identity_seconds=3600)
    bench.outbox().subscribe()
    async with running(bench):
        await bench.work(2)
        before = len([call for call in bench.stores[0].calls if call == "claim"])
        await bench.work(10)
        after = len([call for call in bench.stores[0].calls if call == "claim"])
        assert after - before == 2


async def test_an_idle_target_after_a_failure_does_not_spin():
    bench = Bench(breaker_failures=1, breaker_seconds=10, retry_schedule=(600,))
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.errors = [Retryable("down")]
    outbox.enqueue()
    async with running(bench):
        before = len(bench.stores[0].calls)
        await bench.work(60)
        assert len(bench.stores[0].calls) - before < 25
