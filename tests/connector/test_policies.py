"""Retry schedule, circuit breaker and fair gate, each by itself."""

from __future__ import annotations

import asyncio

import pytest

from smarter_connector.breaker import Breaker
from smarter_connector.clock import FakeClock
from smarter_connector.exceptions import ConfigurationError, Gone, Rejected, Retryable
from smarter_connector.gate import FairGate
from smarter_connector.retry import DEAD, Decision, RetryPolicy


def policy(random=1.0):
    return RetryPolicy((5, 30, 120), retry_after_max=3600, random=lambda: random)


@pytest.mark.parametrize(
    ("attempt", "error", "decision"),
    [
        (1, Retryable(), Decision("retry", 5)),
        (2, Retryable(), Decision("retry", 30)),
        (3, Retryable(), Decision("retry", 120)),
        (4, Retryable(), DEAD),
        (0, Retryable(), Decision("retry", 5)),
        (2, ConfigurationError(), Decision("retry", 30)),
        (4, ConfigurationError(), DEAD),
        (1, Rejected(), DEAD),
        (1, Gone(), DEAD),
        (1, Retryable(retry_after=100), Decision("retry", 105)),  # 100 + min(5, 100 / 10)
        (1, Retryable(retry_after=1), Decision("retry", 5)),  # the schedule asks for more
        (1, Retryable(retry_after=10**9), Decision("retry", 3605)),  # at most an hour, + 5
        (1, Retryable(retry_after=-1), Decision("retry", 5)),
    ],
)
def test_the_schedule(attempt, error, decision):
    assert policy().decide(attempt, error) == decision


def test_the_wait_is_drawn_from_the_whole_range_but_never_before_what_was_asked():
    assert policy(0.0).decide(3, Retryable()).retry_in == 0
    assert policy(0.5).decide(3, Retryable()).retry_in == 60
    assert policy(0.0).decide(1, Retryable(retry_after=100)).retry_in == 100


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def breaker(clock):
    return Breaker(clock, failures=3, rest=10, rest_max=30)


def fail(breaker, times=3):
    return [breaker.failed() for _ in range(times)]


def test_a_breaker_opens_after_failures_in_a_row(breaker):
    fail(breaker, 2)
    breaker.succeeded()
    assert (fail(breaker), breaker.state) == ([False, False, True], "open")


def test_an_open_breaker_lets_one_probe_pass_after_its_rest(breaker, clock):
    fail(breaker)
    assert (breaker.may_probe(), breaker.reopens_in) == (False, 10)
    clock.advance(10)
    assert (breaker.state, breaker.may_probe()) == ("half-open", True)
    breaker.begin_probe()
    assert (breaker.may_probe(), breaker.reopens_in) == (False, None)


def test_each_failed_probe_doubles_the_rest_up_to_its_limit(breaker, clock):
    fail(breaker)
    rests = []
    for _ in range(3):
        clock.advance(breaker.reopens_in)
        breaker.begin_probe()
        breaker.failed()
        rests.append(breaker.reopens_in)
    assert rests == [20, 30, 30]


def test_a_success_closes_it_and_the_rest_is_short_again(breaker, clock):
    fail(breaker)
    clock.advance(10)
    breaker.begin_probe()
    breaker.succeeded()
    assert breaker.closed
    fail(breaker)
    assert breaker.reopens_in == 10


def test_failures_of_requests_under_way_do_not_prolong_the_rest(breaker):
    fail(breaker)
    breaker.failed()
    assert breaker.reopens_in == 10


def test_an_empty_probe_closes_it_until_the_next_failure(breaker, clock):
    fail(breaker)
    clock.advance(10)
    breaker.begin_probe()
    breaker.abandon_probe()
    assert breaker.closed
    assert (breaker.failed(), breaker.state) == (True, "open")


async def enter_later(gate, key, order):
    await gate.enter(key)
    order.append(key)


async def test_a_gate_lets_no_more_in_than_its_limit():
    gate = FairGate(2)
    await gate.enter("a")
    await gate.enter("a")
    waiting = asyncio.create_task(gate.enter("b"))
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.leave("a")
    await waiting
    assert gate.inside == 2


async def test_free_places_go_round_the_keys_that_wait():
    gate, order = FairGate(1), []
    await gate.enter("a")
    tasks = [asyncio.create_task(enter_later(gate, key, order)) for key in "aaabc"]
    await asyncio.sleep(0)
    gate.leave("a")
    for count in range(1, 6):
        while len(order) < count:
            await asyncio.sleep(0)
        gate.leave(order[-1])
    await asyncio.gather(*tasks)
    assert order == ["a", "b", "c", "a", "a"]


async def test_no_key_takes_more_than_its_share():
    gate = FairGate(4, share=2)
    await gate.enter("a")
    await gate.enter("a")
    third = asyncio.create_task(gate.enter("a"))
    await asyncio.sleep(0)
    await gate.enter("b")
    assert (third.done(), gate.inside) == (False, 3)
    third.cancel()


async def test_a_place_given_to_somebody_who_gave_up_is_not_lost():
    gate = FairGate(1)
    await gate.enter("a")
    first, second = (asyncio.create_task(gate.enter(key)) for key in "bc")
    await asyncio.sleep(0)
    first.cancel()
    gate.leave("a")
    await second
    gate.leave("c")
    await asyncio.wait_for(gate.enter("d"), 1)


async def test_a_place_granted_in_the_moment_of_giving_up_goes_to_the_next():
    gate = FairGate(1)
    await gate.enter("a")
    first, second = (asyncio.create_task(gate.enter(key)) for key in "bc")
    await asyncio.sleep(0)
    gate.leave("a")
    first.cancel()
    await asyncio.wait_for(second, 1)
    assert gate.inside == 1
