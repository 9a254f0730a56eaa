"""What ``smarter-connector check`` says of a clock, a target and its address."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from aiohttp import web

from smarter_connector.cli.check import CLOCK_TOLERANCE, clock_problem, subscription_problem
from smarter_connector.transport import Transport
from tests.connector.support import receiver, settings

WELL = {"active": True, "target": "n8n", "keys": 1, "url": ""}


@pytest.mark.parametrize("drift", [-CLOCK_TOLERANCE, 0, CLOCK_TOLERANCE])
def test_a_clock_within_the_tolerance_is_well(drift):
    assert clock_problem(SimpleNamespace(now=1000.0), 1000.0 + drift) == ""


@pytest.mark.parametrize(("drift", "shown"), [(-31, "-31 s"), (3600, "+3600 s")])
def test_a_clock_that_differs_more_is_told_with_its_difference(drift, shown):
    assert shown in clock_problem(SimpleNamespace(now=1000.0), 1000.0 + drift)


async def asked(**values) -> str:
    async with Transport(settings()) as transport:
        return await subscription_problem(transport, {**WELL, **values})


async def test_a_target_that_answers_is_well_whatever_it_answers():
    async def refuse(_):
        return web.Response(status=405)

    async with receiver(refuse) as url:
        assert await asked(url=url) == ""


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"url": "http://127.0.0.1:9/secret-path"}, "127.0.0.1"),
        ({"url": "ftp://n8n.example"}, "https://"),
        ({}, "no URL"),
        ({"target": "fax"}, "unknown target fax"),
        ({"keys": 0}, "no live signing key"),
    ],
)
async def test_what_would_keep_a_subscription_from_being_served_is_told(values, problem):
    said = await asked(**values)
    assert problem in said and "secret-path" not in said


async def test_a_subscription_that_is_switched_off_is_not_asked_about():
    assert await asked(active=False, url="http://127.0.0.1:9/") == ""
