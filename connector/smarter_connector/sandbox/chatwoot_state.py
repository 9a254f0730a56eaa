"""What the sandbox's Chatwoot remembers, and the rules its models enforce (Chatwoot 4.8).

Contacts: e-mail, identifier and phone number are unique per account, e-mail in lower case, phone
in E.164 (``app/models/contact.rb``). A refused record is
``{"message": "Email has already been taken", "attributes": ["email"]}`` with 422
(``request_exception_handler.rb``). Messages are not unique in anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from smarter_connector.sandbox.limits import Bounded, Window

UNIQUE = {"email": "Email", "identifier": "Identifier", "phone_number": "Phone number"}
PLAIN = ("name", "email", "phone_number", "identifier")
E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
MAX_INTEGER = 9_999_999_999
MAX_STRING = 255
MAX_ATTRIBUTE = 1500
MAX_CONTACTS = 20_000
MAX_MESSAGES = 1_000
SEARCHES_PER_MINUTE = 100
MESSAGES_PER_MINUTE = 200


class Invalid(Exception):
    """A record that a model refuses; ``problems`` maps attributes to messages."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(", ".join(problems.values()))
        self.attributes = list(problems)


@dataclass(slots=True)
class Contact:
    """A contact of one account."""

    id: int
    name: str = ""
    email: str | None = None
    phone_number: str | None = None
    identifier: str | None = None
    created_at: int = 0
    custom_attributes: dict[str, Any] = field(default_factory=dict)
    additional_attributes: dict[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    inboxes: list[int] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The contact as the interface shows it; labels have a call of their own."""
        document = asdict(self)
        del document["labels"]
        inboxes = document.pop("inboxes")
        boxes = [{"source_id": f"{self.id}-{box}", "inbox": {"id": box}} for box in inboxes]
        extra = {"availability_status": "offline", "blocked": False, "thumbnail": ""}
        return {**document, **extra, "last_activity_at": self.created_at, "contact_inboxes": boxes}


@dataclass(slots=True)
class Conversation:
    """A conversation with a contact and its messages."""

    id: int
    contact_id: int
    inbox_id: int
    status: str
    created_at: int
    messages: Bounded[int, dict[str, Any]]
    flood: Window

    def to_json(self) -> dict[str, Any]:
        """The conversation as lists show it: with its last message only."""
        last = list(self.messages.values())[-1:]
        return {
            "id": self.id,
            "inbox_id": self.inbox_id,
            "status": self.status,
            "created_at": self.created_at,
            "labels": [],
            "custom_attributes": {},
            "messages": last,
            "last_non_activity_message": last[0] if last else None,
            "meta": {"sender": {"id": self.contact_id}},
        }


class Account:
    """One account of the stand-in: contacts, conversations, definitions, limits."""

    def __init__(self, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._last = {"contact": 0, "conversation": 0, "message": 0, "definition": 0}
        self.contacts: Bounded[int, Contact] = Bounded(MAX_CONTACTS)
        self._index: Bounded[tuple[str, str], int] = Bounded(len(UNIQUE) * MAX_CONTACTS)
        self.conversations: Bounded[int, Conversation] = Bounded(MAX_CONTACTS)
        self.definitions: Bounded[tuple[str, int], dict[str, Any]] = Bounded(MAX_MESSAGES)
        self.searches = Window(SEARCHES_PER_MINUTE, 60, monotonic)

    def next_id(self, kind: str) -> int:
        """A fresh number, as of a database sequence."""
        self._last[kind] += 1
        return self._last[kind]

    def save_contact(self, contact: Contact, changes: Mapping[str, Any]) -> Contact:
        """Apply changes, attributes merged; raises ``Invalid`` and changes nothing."""
        plain = {key: _clean(key, changes[key]) for key in PLAIN if key in changes}
        custom = changes.get("custom_attributes") or {}
        problems = self._problems(contact.id, plain, custom)
        if problems:
            raise Invalid(problems)
        for key, value in plain.items():
            self._reindex(contact, key, value)
            setattr(contact, key, value)
        contact.custom_attributes.update(custom)
        contact.additional_attributes.update(changes.get("additional_attributes") or {})
        return contact

    def create_contact(self, values: Mapping[str, Any]) -> Contact:
        """Store a new contact; raises ``Invalid``."""
        contact = Contact(self._last["contact"] + 1, created_at=int(self._wall()))
        self.save_contact(contact, values)
        self.contacts[self.next_id("contact")] = contact
        if isinstance(values.get("inbox_id"), int):
            contact.inboxes.append(values["inbox_id"])
        return contact

    def _reindex(self, contact: Contact, key: str, value: str | None) -> None:
        if key in UNIQUE:
            self._index.pop((key, getattr(contact, key) or ""), None)
            if value:
                self._index[key, value] = contact.id

    def _problems(self, own_id: int, plain: Mapping, custom: Mapping) -> dict[str, str]:
        problems = {}
        for key, label in UNIQUE.items():
            owner = self._index.get((key, plain.get(key) or ""))
            if owner is not None and owner != own_id and owner in self.contacts:
                problems[key] = f"{label} has already been taken"
        if plain.get("phone_number") and not E164.fullmatch(plain["phone_number"]):
            problems["phone_number"] = "Phone number should be in e164 format"
        if plain.get("email") and not EMAIL.fullmatch(plain["email"]):
            problems["email"] = "Email Invalid email"
        return problems | _too_long(plain, custom)

    def open_conversation(self, contact_id: int, inbox_id: int, status: str) -> Conversation:
        """Start a conversation with a contact."""
        number = self.next_id("conversation")
        flood = Window(MESSAGES_PER_MINUTE, 60, self._monotonic)
        messages: Bounded[int, dict[str, Any]] = Bounded(MAX_MESSAGES)
        now = int(self._wall())
        conversation = Conversation(number, contact_id, inbox_id, status, now, messages, flood)
        self.conversations[number] = conversation
        return conversation

    def add_message(self, conversation: Conversation, values: Mapping[str, Any]) -> dict[str, Any]:
        """Append a message; raises ``Invalid`` when a conversation is flooded."""
        if conversation.flood.wait():
            raise Invalid({"base": "Too many messages"})
        message = {
            "id": self.next_id("message"),
            "content": str(values.get("content") or ""),
            "inbox_id": conversation.inbox_id,
            "conversation_id": conversation.id,
            "message_type": 0 if values.get("message_type") == "incoming" else 1,
            "content_type": "text",
            "content_attributes": values.get("content_attributes") or {},
            "private": bool(values.get("private")),
            "source_id": values.get("source_id"),
            "created_at": int(self._wall()),
            "status": "sent",
        }
        conversation.messages[message["id"]] = message
        return {**message, "echo_id": values.get("echo_id")}

    def of_contact(self, contact_id: int) -> list[Conversation]:
        """Conversations of a contact, newest first, at most 20 as Chatwoot gives."""
        newest = reversed(self.conversations.values())
        return [found for found in newest if found.contact_id == contact_id][:20]


def _clean(key: str, value: Any) -> str | None:
    text = str(value).strip() if value is not None else None
    return text.lower() if text and key == "email" else text


def _too_long(plain: Mapping[str, Any], custom: Mapping[str, Any]) -> dict[str, str]:
    problems = {
        key: f"{key.capitalize()} is too long (maximum is {MAX_STRING} characters)"
        for key, value in plain.items()
        if value and len(value) > MAX_STRING
    }
    for key, value in custom.items():
        if isinstance(value, str) and len(value) > MAX_ATTRIBUTE:
            problems["custom_attributes"] = f"Custom attributes {key} length should be < 1500"
        if isinstance(value, int) and value > MAX_INTEGER:
            problems["custom_attributes"] = f"Custom attributes {key} value should be < 9999999999"
    return problems
