from __future__ import annotations

import pytest

ANA = {"name": "Ana", "email": "Ana@Example.cl", "identifier": "77654321-7:1"}


async def create(caller, **values) -> dict:
    status, answer = await caller.chatwoot("POST", "/contacts", ANA | values)
    assert status == 200
    return answer["payload"]["contact"]


async def conversation(caller) -> int:
    contact = await create(caller)
    body = {"contact_id": contact["id"], "inbox_id": 1}
    return (await caller.chatwoot("POST", "/conversations", body))[1]["id"]


async def test_a_contact_is_created_with_its_email_in_lower_case(caller):
    contact = await create(caller, custom_attributes={"a": 1})
    assert (contact["id"], contact["email"]) == (1, "ana@example.cl")
    assert contact["custom_attributes"] == {"a": 1}


async def test_a_repeated_contact_is_refused_naming_every_field_that_is_taken(caller):
    await create(caller)
    status, answer = await caller.chatwoot("POST", "/contacts", ANA)
    assert (status, answer["attributes"]) == (422, ["email", "identifier"])
    assert answer["message"] == "Email has already been taken, Identifier has already been taken"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone_number", "9 1234 5678"),
        ("email", "no correo"),
        ("name", "x" * 256),
        ("custom_attributes", {"saldo": 10_000_000_000}),
        ("custom_attributes", {"a": "x" * 1501}),
    ],
)
async def test_a_field_that_the_model_refuses_is_a_422(caller, field, value):
    status, answer = await caller.chatwoot("POST", "/contacts", {"name": "Ana", field: value})
    assert (status, answer["attributes"]) == (422, [field])
    assert not caller.sandbox.chatwoot.account(1).contacts


async def test_an_update_merges_attributes_and_frees_the_old_email(caller):
    contact = await create(caller, custom_attributes={"a": 1})
    change = {"email": "b@example.cl", "custom_attributes": {"b": 2}}
    _, answer = await caller.chatwoot("PUT", f"/contacts/{contact['id']}", change)
    assert answer["payload"]["custom_attributes"] == {"a": 1, "b": 2}
    assert (await create(caller, identifier="77654321-7:2"))["id"] == 2


async def test_search_finds_substrings_fifteen_a_page(caller):
    for number in range(16):
        await create(caller, email=None, identifier=f"77654321-7:1{number}")
    _, first = await caller.chatwoot("GET", "/contacts/search?q=77654321-7:1")
    _, second = await caller.chatwoot("GET", "/contacts/search?q=77654321-7:1&page=2")
    assert (len(first["payload"]), len(second["payload"])) == (15, 1)


async def test_the_hundred_and_first_search_of_a_minute_is_told_to_wait(caller, hands):
    account = caller.sandbox.chatwoot.account(1)
    for _ in range(100):
        account.searches.wait()
    assert (await caller.chatwoot("GET", "/contacts/search?q=x"))[0] == 429
    hands.monotonic += 60
    assert (await caller.chatwoot("GET", "/contacts/search?q=x"))[0] == 200


async def test_a_filter_is_exact_and_knows_few_fields(caller):
    await create(caller)
    condition = {"attribute_key": "identifier", "filter_operator": "equal_to"}
    for values, count in ((["77654321-7:1"], 1), (["77654321-7"], 0)):
        body = {"payload": [condition | {"values": values}]}
        _, answer = await caller.chatwoot("POST", "/contacts/filter", body)
        assert len(answer["payload"]) == count
    body = {"payload": [condition | {"attribute_key": "shoe_size"}]}
    assert (await caller.chatwoot("POST", "/contacts/filter", body))[0] == 422


async def test_posting_labels_replaces_the_set(caller):
    await create(caller)
    await caller.chatwoot("POST", "/contacts/1/labels", {"labels": ["a", "b"]})
    await caller.chatwoot("POST", "/contacts/1/labels", {"labels": ["b", "c"]})
    assert await caller.chatwoot("GET", "/contacts/1/labels") == (200, {"payload": ["b", "c"]})


async def test_messages_are_listed_from_an_id_and_never_deduped(caller):
    number = await conversation(caller)
    note = {"content": "nota", "private": True, "source_id": "e-1"}
    for _ in range(2):
        await caller.chatwoot("POST", f"/conversations/{number}/messages", note)
    _, answer = await caller.chatwoot("GET", f"/conversations/{number}/messages?after=1")
    assert [(one["id"], one["source_id"], one["private"]) for one in answer["payload"]] == [
        (2, "e-1", True)
    ]


async def test_without_an_id_only_the_last_twenty_messages_are_listed(caller):
    number = await conversation(caller)
    for _ in range(21):
        await caller.chatwoot("POST", f"/conversations/{number}/messages", {"content": "x"})
    _, answer = await caller.chatwoot("GET", f"/conversations/{number}/messages")
    assert [one["id"] for one in answer["payload"]] == list(range(2, 22))


async def test_a_flooded_conversation_refuses_more_messages(caller):
    number = await conversation(caller)
    flood = caller.sandbox.chatwoot.account(1).conversations[number].flood
    for _ in range(200):
        flood.wait()
    path = f"/conversations/{number}/messages"
    status, answer = await caller.chatwoot("POST", path, {"content": "x"})
    assert (status, answer) == (422, {"error": "Validation failed: Too many messages"})


async def test_a_definition_exists_once_per_model(caller):
    body = {
        "attribute_display_name": "RUT",
        "attribute_key": "rut",
        "attribute_model": 1,
        "attribute_display_type": 0,
    }
    path = "/custom_attribute_definitions"
    assert (await caller.chatwoot("POST", path, body))[0] == 200
    assert (await caller.chatwoot("POST", path, body))[0] == 422
    _, contacts = await caller.chatwoot("GET", path + "?attribute_model=1")
    assert [one["attribute_key"] for one in contacts] == ["rut"]
    assert (await caller.chatwoot("GET", path + "?attribute_model=0"))[1] == []


async def test_another_token_than_the_one_set_is_refused(caller):
    caller.sandbox.chatwoot.token = "right"
    assert (await caller.chatwoot("POST", "/contacts", ANA))[0] == 401
    assert (await caller.chatwoot("POST", "/contacts", ANA, token="right"))[0] == 200


async def test_what_does_not_exist_is_a_404(caller):
    for path in ("/contacts/9", "/contacts/9/labels", "/conversations/9/messages"):
        assert (await caller.chatwoot("GET", path))[0] == 404


async def test_a_body_that_is_no_object_is_a_400(caller):
    assert (await caller.chatwoot("POST", "/contacts", [1]))[0] == 400


async def test_a_new_contact_can_come_with_an_open_conversation(caller):
    caller.sandbox.chatwoot.open_conversations = True
    await create(caller)
    _, answer = await caller.chatwoot("GET", "/contacts/1/conversations")
    assert [one["status"] for one in answer["payload"]] == ["open"]
