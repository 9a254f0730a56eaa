"""The one door to a Chatwoot account: addresses, token, limits, and what its answers mean.

Bodies and answers as in Chatwoot 4.8 (its OpenAPI file, and its controllers where that is silent).
A name or a path segment from outside never enters an address unquoted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from smarter_connector.answers import failure
from smarter_connector.clock import Clock
from smarter_connector.exceptions import ConfigurationError, ConnectorError, Rejected, Retryable
from smarter_connector.sinks.chatwoot.config import ChatwootConfig
from smarter_connector.transport import Reply, Transport

MAX_ANSWER = 4 * 1024 * 1024
"""Twenty messages may each quote a whole e-mail."""

MAX_SHOWN = 2000
"""Characters of a refusal that are worth keeping."""

FLOOD_SECONDS = 60.0
"""Chatwoot counts the messages of a conversation per minute (200) and refuses more with 422."""

CONTACT_MODEL = 1


class Invalid(Rejected):
    """422: a record that Chatwoot's rules refuse; ``attributes`` are the fields at fault."""

    def __init__(self, message: str, attributes: Sequence[str], **details: str) -> None:
        super().__init__(message, **details)
        self.attributes = frozenset(attributes)


class Missing(ConfigurationError):
    """404: there is no such contact, conversation, inbox or account."""


class ChatwootClient:
    """Calls of one account; raises the classes of ``exceptions``, ``Invalid`` and ``Missing``."""

    def __init__(self, transport: Transport, config: ChatwootConfig, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._base = f"{config.url}/api/v1/accounts/{config.account_id}"
        self._account_id = config.account_id
        self._headers = {"api_access_token": config.token, "Content-Type": "application/json"}

    async def create_contact(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create a contact and return it; ``Invalid`` when a unique field is taken."""
        return _contact(await self._call("POST", "/contacts", values))

    async def update_contact(self, contact_id: int, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Replace the given fields, merge the given attributes; returns the contact."""
        return _contact(await self._call("PUT", f"/contacts/{contact_id}", values))

    async def contact(self, contact_id: int) -> Mapping[str, Any]:
        """One contact by its number."""
        return _contact(await self._call("GET", f"/contacts/{contact_id}"))

    async def contacts_with(self, key: str, value: str) -> list[Mapping[str, Any]]:
        """Contacts whose field equals ``value``, as far as Chatwoot compares: in any case."""
        condition = {
            "attribute_key": key,
            "filter_operator": "equal_to",
            "values": [value],
            "query_operator": None,
        }
        return _records(await self._call("POST", "/contacts/filter", {"payload": [condition]}))

    async def search_contacts(self, text: str, page: int) -> list[Mapping[str, Any]]:
        """Contacts that hold ``text`` somewhere, 15 a page; 100 calls a minute are allowed."""
        query = urlencode({"q": text, "page": page})
        return _records(await self._call("GET", f"/contacts/search?{query}"))

    async def labels(self, contact_id: int) -> list[str]:
        """The labels of a contact."""
        found = _payload(await self._call("GET", f"/contacts/{contact_id}/labels"))
        return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []

    async def set_labels(self, contact_id: int, labels: Sequence[str]) -> None:
        """Replace the labels of a contact."""
        await self._call("POST", f"/contacts/{contact_id}/labels", {"labels": list(labels)})

    async def conversations(self, contact_id: int) -> list[Mapping[str, Any]]:
        """The newest 20 conversations of a contact."""
        return _records(await self._call("GET", f"/contacts/{contact_id}/conversations"))

    async def messages(self, conversation_id: int, before: int | None) -> list[Mapping[str, Any]]:
        """Twenty messages of a conversation: the last ones, or those before an id."""
        path = f"/conversations/{conversation_id}/messages"
        return _records(await self._call("GET", f"{path}?before={before}" if before else path))

    async def post_note(self, conversation_id: int, content: str, source_id: str) -> int:
        """Post a private note and return its id. A time-out leaves open whether it was posted."""
        note = {
            "content": content,
            "message_type": "outgoing",
            "private": True,
            "source_id": source_id,
            "echo_id": source_id,
        }
        answer = await self._call("POST", f"/conversations/{conversation_id}/messages", note)
        return number(answer.get("id") if isinstance(answer, Mapping) else None)

    async def definitions(self) -> set[str]:
        """Keys of the attributes that are defined for contacts."""
        path = f"/custom_attribute_definitions?attribute_model={CONTACT_MODEL}"
        return {str(one.get("attribute_key")) for one in _records(await self._call("GET", path))}

    async def define(self, values: Mapping[str, Any]) -> None:
        """Define a contact attribute; ``Invalid`` when somebody else just did."""
        body = {**values, "attribute_model": CONTACT_MODEL}
        await self._call("POST", "/custom_attribute_definitions", body)

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        reply = await self._transport.request(
            method,
            self._base + path,
            headers=self._headers,
            body=None if body is None else orjson.dumps(body),
            max_answer=MAX_ANSWER,
        )
        error = self._failure(reply)
        if error is not None:
            raise error
        try:
            return reply.json()
        except ValueError as problem:
            raise _garbage(reply) from problem

    def _failure(self, reply: Reply) -> ConnectorError | None:
        known = {"status": str(reply.status), "answer": reply.text()[:MAX_SHOWN]}
        if reply.status == 404:
            return Missing("Chatwoot does not know the contact, conversation or inbox", **known)
        if reply.status in (401, 403):
            return ConfigurationError(
                f"Chatwoot refuses the access token for account {self._account_id}: it was revoked "
                "or its user may not do this; put a valid one where api_token points",
                **known,
            )
        if reply.status == 422:
            return _refusal(reply, known)
        return failure(reply, now=self._clock.time())


def number(value: Any) -> int:
    """An id that Chatwoot gave; Retryable when it is none: the answer is not Chatwoot's."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise Retryable("the answer is not what Chatwoot sends", status="garbage")


def _refusal(reply: Reply, known: Mapping[str, str]) -> Invalid | Retryable:
    try:
        document = reply.json()
    except ValueError:
        document = {}
    document = document if isinstance(document, Mapping) else {}
    message = str(document.get("message") or document.get("error") or "no reason given")
    if "Too many messages" in message:
        return Retryable(
            "the conversation is flooded, Chatwoot takes no more messages for a minute",
            retry_after=FLOOD_SECONDS,
            **known,
        )
    attributes = document.get("attributes")
    listed = [str(one) for one in attributes] if isinstance(attributes, list) else []
    return Invalid(f"Chatwoot refuses the record: {message[:300]}", listed, **known)


def _contact(document: Any) -> Mapping[str, Any]:
    """The contact of an answer: create wraps it once more than show and update do."""
    found = _payload(document)
    found = found.get("contact", found) if isinstance(found, Mapping) else found
    if not isinstance(found, Mapping):
        raise Retryable("the answer is not what Chatwoot sends", status="garbage")
    number(found.get("id"))
    return found


def _payload(document: Any) -> Any:
    return document.get("payload") if isinstance(document, Mapping) else document


def _records(document: Any) -> list[Mapping[str, Any]]:
    found = _payload(document)
    if not isinstance(found, list):
        raise Retryable("the answer is not what Chatwoot sends", status="garbage")
    return [one for one in found if isinstance(one, Mapping)]


def _garbage(reply: Reply) -> Retryable:
    return Retryable("Chatwoot did not answer in JSON", status="garbage", answer=reply.text()[:200])
