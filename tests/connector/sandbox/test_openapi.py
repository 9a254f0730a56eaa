"""The sandbox's Chatwoot against the OpenAPI file of the real one, where that file is at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from smarter_connector.sandbox.chatwoot import Chatwoot

FILE = Path(__file__).parents[4] / "shared/data/chatwoot/openapi.json"


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    if not FILE.is_file():
        pytest.skip(f"the OpenAPI file of Chatwoot is not at {FILE.relative_to(FILE.parents[4])}")
    return json.loads(FILE.read_text())


def shape(path: str) -> str:
    return re.sub(r"\{[^{}]*(\{[^{}]*\}[^{}]*)*\}", "{}", path)


def resolve(openapi: dict, schema: dict) -> dict[str, Any]:
    """Properties of a schema, references and parts put together."""
    if "$ref" in schema:
        *_, name = schema["$ref"].split("/")
        schema = openapi["components"]["schemas"][name]
    properties = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        properties |= resolve(openapi, part)
    return properties


def test_every_route_of_the_sandbox_exists_in_chatwoot(openapi):
    there = {
        f"{method.upper()} {shape(path)}"
        for path, methods in openapi["paths"].items()
        for method in methods
    }
    here = {f"{route.method} {shape(route.path)}" for route in Chatwoot(float, float).routes()}
    assert here - there == set()


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        (
            "/contacts",
            {
                "name": "Ana",
                "identifier": "a",
                "email": "a@b.cl",
                "inbox_id": 1,
                "phone_number": "+56911112222",
                "custom_attributes": {},
            },
        ),
        (
            "/custom_attribute_definitions",
            {
                "attribute_display_name": "RUT",
                "attribute_key": "r",
                "attribute_display_type": 0,
                "attribute_model": 1,
                "attribute_description": "x",
            },
        ),
        ("/conversations", {"contact_id": 1, "inbox_id": 1, "status": "open"}),
    ],
)
async def test_what_we_send_is_named_as_in_chatwoot(openapi, caller, path, sent):
    await caller.chatwoot("POST", "/contacts", {"name": "Primera"})
    operation = openapi["paths"]["/api/v1/accounts/{account_id}" + path]["post"]
    (content,) = operation["requestBody"]["content"].values()
    assert set(sent) - set(resolve(openapi, content["schema"])) == set()
    assert (await caller.chatwoot("POST", path, sent))[0] == 200


async def test_a_contact_has_the_fields_it_has_in_chatwoot(openapi, caller):
    await caller.chatwoot("POST", "/contacts", {"name": "Ana", "inbox_id": 3})
    _, answer = await caller.chatwoot("GET", "/contacts/1")
    operation = openapi["paths"]["/api/v1/accounts/{account_id}/contacts/{id}"]["get"]
    (content,) = operation["responses"]["200"]["content"].values()
    there = resolve(openapi, resolve(openapi, content["schema"])["payload"])
    assert set(answer["payload"]) - set(there) == set()


async def test_a_message_has_the_fields_it_has_in_chatwoot(openapi, caller):
    caller.sandbox.chatwoot.open_conversations = True
    await caller.chatwoot("POST", "/contacts", {"name": "Ana"})
    await caller.chatwoot("POST", "/conversations/1/messages", {"content": "x", "private": True})
    _, answer = await caller.chatwoot("GET", "/conversations/1/messages")
    path = "/api/v1/accounts/{account_id}/conversations/{conversation_id}/messages"
    (content,) = openapi["paths"][path]["get"]["responses"]["200"]["content"].values()
    there = resolve(openapi, resolve(openapi, content["schema"])["payload"]["items"])
    assert set(answer["payload"][0]) - set(there) == set()
