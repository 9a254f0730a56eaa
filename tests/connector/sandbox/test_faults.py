from __future__ import annotations

import aiohttp
import pytest

from smarter_connector.sandbox import Fault, InvalidFault

CONTACT = {"name": "Ana", "identifier": "77654321-7:1"}


async def create(caller):
    return await caller.chatwoot("POST", "/contacts", CONTACT)


def contacts(caller) -> int:
    return len(caller.sandbox.chatwoot.account(1).contacts)


async def test_a_target_fails_as_often_as_told_and_then_works(caller):
    caller.sandbox.fault("chatwoot", "fail", status=503, times=2)
    assert [(await create(caller))[0] for _ in range(3)] == [503, 503, 200]


async def test_a_fault_without_an_end_lasts_until_it_is_cleared(caller):
    caller.sandbox.fault("chatwoot", "fail", times=None)
    assert [(await create(caller))[0] for _ in range(3)] == [500, 500, 500]
    caller.sandbox.faults.replace([])
    assert (await create(caller))[0] == 200


async def test_a_fault_hits_only_its_target_method_and_path(caller):
    caller.sandbox.fault("n8n", "fail")
    caller.sandbox.fault("chatwoot", "fail", method="GET")
    caller.sandbox.fault("chatwoot", "fail", path="/labels")
    assert (await create(caller))[0] == 200
    assert (await caller.chatwoot("GET", "/contacts/1"))[0] == 500


async def test_a_throttled_request_says_when_to_come_back(caller):
    caller.sandbox.fault("chatwoot", "throttle", retry_after=7)
    headers = {"api_access_token": "t"}
    url = f"{caller.sandbox.url}/api/v1/accounts/1/contacts"
    async with caller.http.post(url, json=CONTACT, headers=headers) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert contacts(caller) == 0


async def test_a_redirect_and_garbage_are_answered_as_such(caller):
    caller.sandbox.fault("chatwoot", "redirect")
    caller.sandbox.fault("chatwoot", "garbage")
    assert (await create(caller))[0] == 302
    status, answer = await create(caller)
    assert status == 200 and "not what you expect" in answer


@pytest.mark.parametrize(("mode", "kept"), [("drop", 1), ("refuse", 0)])
async def test_a_connection_is_closed_with_or_without_the_work_done(caller, mode, kept):
    caller.sandbox.fault("chatwoot", mode)
    with pytest.raises(aiohttp.ClientError):
        await create(caller)
    assert contacts(caller) == kept


async def test_a_swallowed_request_is_worked_on_and_never_answered(caller):
    caller.sandbox.fault("chatwoot", "swallow", seconds=0)
    with pytest.raises(aiohttp.ClientError):
        await create(caller)
    assert contacts(caller) == 1


async def test_stopping_lets_go_of_a_request_that_stalls(caller):
    caller.sandbox.fault("chatwoot", "stall", seconds=600)
    caller.sandbox.faults.stop()
    assert (await create(caller))[0] == 200


async def test_a_slow_answer_is_whole_at_last(caller):
    caller.sandbox.fault("chatwoot", "slow", seconds=0)
    status, answer = await create(caller)
    assert (status, answer["payload"]["contact"]["id"]) == (200, 1)


async def test_a_target_that_forgets_starts_from_nothing(caller):
    await create(caller)
    caller.sandbox.fault("chatwoot", "forget", method="GET")
    assert (await caller.chatwoot("GET", "/contacts/1"))[0] == 404
    assert contacts(caller) == 0


@pytest.mark.parametrize(
    "document",
    [
        {"target": "mail"},
        {"mode": "explode"},
        {"status": 99},
        {"seconds": 1e9},
        {"when": 1},
        5,
        {"seconds": "soon"},
    ],
)
def test_a_fault_nobody_knows_is_refused(document):
    with pytest.raises(InvalidFault):
        Fault.from_json(document)
