from __future__ import annotations

import json

import pytest

from smarter_connector.sandbox import Sandbox
from smarter_connector.sandbox.__main__ import main
from smarter_connector.sandbox.server import NotLoopback
from smarter_domain.events.signature import SigningKey

EVENT = {
    "id": "e-1",
    "source": "urn:smarteros:77654321-7",
    "type": "order.confirmed",
    "subject": "sale.order/42",
    "sequence": "1",
    "data": {"name": "<script>alert(1)</script>"},
}
BODY = json.dumps(EVENT).encode()


async def test_events_are_listed_by_position(caller):
    await caller.post(BODY)
    _, listed = await caller.call("GET", "/_sandbox/events")
    assert [one["document"] for one in listed["events"]] == [EVENT]
    last = listed["events"][-1]["position"]
    _, later = await caller.call("GET", f"/_sandbox/events?after={last}")
    assert (later["events"], later["summary"]["received"]) == ([], 1)


async def test_keys_go_in_over_http_and_never_come_out(caller):
    key = SigningKey.generate()
    status, answer = await caller.call("PUT", "/_sandbox/keys", json={"keys": [key.text]})
    assert (status, answer) == (200, {"keys": 1})
    assert (await caller.post(BODY))[0] == 401
    _, state = await caller.call("GET", "/_sandbox/state")
    assert key.text not in json.dumps(state)


@pytest.mark.parametrize("body", [{"keys": ["secret"]}, {"keys": 5}, {"keys": ["whsec_!"]}, [1]])
async def test_keys_that_are_none_are_refused_without_being_echoed(caller, body):
    status, answer = await caller.call("PUT", "/_sandbox/keys", json=body)
    assert status == 400 and "secret" not in answer["error"]


async def test_faults_are_shown_added_replaced_and_cleared(caller):
    async def send(method, *faults):
        return await caller.call(method, "/_sandbox/faults", json={"faults": list(faults)})

    await send("PUT", {"target": "n8n", "status": 503})
    _, answer = await send("POST", {"target": "chatwoot", "mode": "stall"})
    assert [one["mode"] for one in answer["faults"]] == ["fail", "stall"]
    assert (await caller.post(BODY))[0] == 503
    assert (await send("DELETE"))[1] == {"faults": []}
    assert (await send("PUT", {"mode": "explode"}))[0] == 400


async def test_settings_change_what_the_stand_ins_accept(caller):
    settings = {"webhooks": ["otros"], "chatwoot_token": "right", "metabase_api_key": "mb"}
    assert (await caller.call("PUT", "/_sandbox/settings", json=settings))[0] == 200
    assert (await caller.post(BODY))[0] == 404
    assert (await caller.chatwoot("GET", "/contacts/1"))[0] == 401
    assert (await caller.call("PUT", "/_sandbox/settings", json={"port": 1}))[0] == 400


async def test_a_reset_forgets_one_target_or_all(caller):
    await caller.post(BODY)
    await caller.chatwoot("POST", "/contacts", {"name": "Ana"})
    await caller.call("POST", "/_sandbox/reset", json={"target": "chatwoot"})
    _, state = await caller.call("GET", "/_sandbox/state")
    assert (state["n8n"]["events"], state["chatwoot"]["contacts"]) == (1, 0)
    await caller.call("POST", "/_sandbox/reset")
    assert caller.sandbox.n8n.summary()["events"] == 0
    assert (await caller.call("POST", "/_sandbox/reset", json={"target": "mail"}))[0] == 400


async def test_metabase_counts_notifications_and_refuses_another_key(caller):
    caller.sandbox.metabase.api_key = "mb"
    path = "/api/notify/db/3"
    assert (await caller.call("POST", path, headers={"X-Metabase-Apikey": "mb"}))[0] == 200
    assert (await caller.call("POST", path, headers={"X-Metabase-Apikey": "no"}))[0] == 403
    assert (await caller.call("POST", path))[0] == 403
    assert [one["database_id"] for one in caller.sandbox.metabase.notifications] == [3]


async def test_the_page_shows_what_arrived_and_escapes_it(caller):
    await caller.post(BODY)
    caller.sandbox.chatwoot.open_conversations = True
    await caller.chatwoot("POST", "/contacts", {"name": "<b>Ana</b>"})
    note = {"content": "<i>nota</i>", "private": True}
    await caller.chatwoot("POST", "/conversations/1/messages", note)
    status, page = await caller.call("GET", "/")
    assert status == 200 and "Pedido confirmado" in page
    for raw in ("<script>alert", "<b>Ana", "<i>nota"):
        assert raw not in page and raw.replace("<", "&lt;").split(">")[0] in page


async def test_the_page_names_attributes_as_chatwoot_shows_them(caller):
    body = {
        "attribute_display_name": "Saldo por cobrar",
        "attribute_key": "saldo",
        "attribute_model": 1,
    }
    await caller.chatwoot("POST", "/custom_attribute_definitions", body)
    attributes = {"saldo": 1190000, "vacío": None}
    await caller.chatwoot("POST", "/contacts", {"name": "Ana", "custom_attributes": attributes})
    _, page = await caller.call("GET", "/")
    assert "Saldo por cobrar: 1.190.000" in page and "vacío" not in page


async def test_an_empty_sandbox_says_that_nothing_came_yet(caller):
    _, page = await caller.call("GET", "/")
    assert "Todavía no ha llegado nada." in page


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
async def test_a_web_page_elsewhere_cannot_use_the_sandbox(caller, headers):
    assert (await caller.call("GET", "/_sandbox/state", headers=headers))[0] == 403


def test_an_address_that_others_can_reach_is_refused():
    with pytest.raises(NotLoopback):
        Sandbox(host="0.0.0.0")


def test_the_command_names_why_it_cannot_serve(capsys):
    assert main(["--host", "0.0.0.0"]) == 2
    assert "this machine alone" in capsys.readouterr().err
