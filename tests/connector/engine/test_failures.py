"""Retries, dead letters, resting targets, what a person reads about them."""

from __future__ import annotations

import pytest

from smarter_connector.exceptions import ConfigurationError, Gone, Rejected, Retryable
from tests.connector.engine.bench import Bench, rows, running


async def one_event(**values):
    bench = Bench(**values)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    outbox.enqueue()
    return bench, outbox, sink


async def test_attempts_follow_the_schedule_and_end_as_a_dead_letter():
    bench, outbox, sink = await one_event(retry_schedule=(5, 30), breaker_failures=99)
    sink.error_for = lambda item: Retryable("the receiver answered 500", status="500")
    async with running(bench):
        await bench.work(4)
        assert len(sink.got) == 1
        await bench.work(2)
        assert len(sink.got) == 2
        await bench.work(31)
        (row,) = rows(outbox)
        assert (row.state, row.attempts, row.status) == ("dead", 3, "500")
        assert "answered 500" in row.answer


async def test_retries_keep_their_webhook_id():
    bench, _, sink = await one_event()
    sink.errors = [Retryable("no")]
    async with running(bench):
        await bench.work(6)
        first, second = sink.got
        assert (first.webhook_id, first.event.id) == (second.webhook_id, second.event.id)


async def test_a_receiver_that_names_a_time_is_not_asked_before_it():
    bench, outbox, sink = await one_event()
    sink.errors = [Retryable("slow down", status="429", retry_after=120)]
    outbox.enqueue(aggregate="sale.order/2")
    async with running(bench):
        assert len(sink.got) <= 2
        tried = len(sink.got)
        await bench.work(119)
        assert len(sink.got) == tried
        await bench.work(20)
        assert outbox.states() == {"delivered": 2}


async def test_a_receiver_that_names_a_time_is_left_alone_by_its_other_lanes_too():
    bench = Bench(concurrency=1)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.errors = [Retryable("slow down", status="429", retry_after=120)]
    for number in range(6):
        outbox.enqueue(aggregate=f"sale.order/{number}")
    async with running(bench):
        await bench.work(119)
        assert len(sink.got) == 1
        await bench.work(20)
        assert outbox.states() == {"delivered": 6}


async def test_a_target_that_is_gone_is_disabled_and_its_events_stay():
    bench, outbox, sink = await one_event()
    sink.error_for = lambda item: Gone("the receiver answered 410 Gone", status="410")
    outbox.enqueue(aggregate="sale.order/2")
    async with running(bench):
        await bench.work(5)
        (subscription,) = outbox.subscriptions.values()
        assert (subscription["active"], outbox.states()) == (False, {"pending": 2})
        assert "410" in subscription["disabled_reason"]
        sink.error_for = lambda item: None
        subscription["active"] = True
        await bench.work(70)
        assert outbox.states() == {"delivered": 2}


async def test_a_configuration_fault_is_tried_again_and_named():
    bench, outbox, sink = await one_event()
    sink.errors = [ConfigurationError("the subscription has no live signing key", status="key")]
    async with running(bench):
        (row,) = rows(outbox)
        assert (row.state, row.status) == ("pending", "key")
        assert row.answer == "configuration: the subscription has no live signing key"
        await bench.work(6)
        assert outbox.states() == {"delivered": 1}


async def test_an_unknown_target_is_a_configuration_fault():
    bench = Bench()
    outbox = bench.outbox()
    outbox.subscribe(target="fax")
    outbox.enqueue()
    from smarter_connector.sinks import make_sink

    bench.shared.make_sink = make_sink
    async with running(bench):
        (row,) = rows(outbox)
        assert (row.state, row.status) == ("pending", "target")
        assert "fax" in row.answer


async def test_a_defect_of_a_sink_is_logged_and_loses_nothing(caplog):
    bench, outbox, sink = await one_event()
    sink.errors = [ZeroDivisionError("secret detail")]
    async with running(bench):
        (row,) = rows(outbox)
        assert (row.state, row.status) == ("pending", "defect")
        assert "secret detail" not in row.answer
        await bench.work(6)
        assert outbox.states() == {"delivered": 1}
    assert "defect in sink" in caplog.text


async def test_a_sink_that_answers_for_too_few_is_a_defect():
    bench, outbox, sink = await one_event()

    async def deliver(deliveries):
        return []

    sink.deliver = deliver
    async with running(bench):
        assert [(row.state, row.status) for row in rows(outbox)] == [("pending", "defect")]


async def test_answers_are_stored_without_secrets_and_cut():
    bench, outbox, sink = await one_event()
    outbox.subscriptions[1]["keys"] = ["whsec_c2VjcmV0"]
    said = "token=abcdef123456 whsec_c2VjcmV0 " + "x" * 2000
    sink.errors = [Rejected("the receiver answered 400", status="400", answer=said)]
    async with running(bench):
        (row,) = rows(outbox)
    assert len(row.answer) == 500
    assert "abcdef123456" not in row.answer and "c2VjcmV0" not in row.answer


async def test_a_call_that_never_ends_is_broken_off():
    bench, outbox, sink = await one_event()
    sink.open.clear()
    async with running(bench):
        await bench.work(320)
        (row,) = rows(outbox)
        assert (row.status, len(sink.got)) == ("timeout", 2)


async def test_a_failing_target_rests_and_is_probed_with_one_event():
    bench = Bench(breaker_failures=3, breaker_seconds=60, concurrency=1)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.error_for = lambda item: Retryable("down", status="connection")
    for number in range(10):
        outbox.enqueue(aggregate=f"sale.order/{number}")
    async with running(bench):
        await bench.work(50)
        assert len(sink.got) == 3
        labels = {"tenant": "t_1", "target": "webhook", "subscription": "1"}
        assert bench.figure("smarter_breaker_state", **labels) == 2
        await bench.work(15)
        assert len(sink.got) == 4
        sink.error_for = lambda item: None
        await bench.work(130)
        assert outbox.states() == {"delivered": 10}


async def test_what_a_resting_target_had_in_hand_goes_back_untried():
    bench = Bench(breaker_failures=1, concurrency=1)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.errors = [Retryable("down")]
    for number in range(5):
        outbox.enqueue(aggregate=f"sale.order/{number}")
    async with running(bench):
        assert sorted(row.attempts for row in rows(outbox)) == [0, 0, 0, 0, 1]
        assert outbox.states() == {"pending": 5}


async def test_refusals_of_single_events_do_not_make_a_target_rest():
    bench = Bench(breaker_failures=2)
    outbox = bench.outbox()
    sink = bench.prepare(outbox.subscribe())
    sink.error_for = lambda item: Rejected("no", status="422") if item.id < 20 else None
    for number in range(20):
        outbox.enqueue(aggregate=f"sale.order/{number}")
    async with running(bench):
        await bench.work(1)
        assert set(outbox.states()) == {"dead", "delivered"}


@pytest.mark.parametrize("concurrency", [0, -3, 500])
async def test_a_senseless_concurrency_of_a_subscription_stays_in_bounds(concurrency):
    bench = Bench(concurrency=4)
    outbox = bench.outbox()
    outbox.subscribe(config={"concurrency": concurrency})
    outbox.enqueue()
    async with running(bench):
        assert outbox.states() == {"delivered": 1}
