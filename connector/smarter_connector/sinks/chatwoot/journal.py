"""Never two notes for one event, although Chatwoot does not dedupe messages.

What is known of an event's note is kept in the tenant's database, kind ``note``, by event id:

    {"conversation": 7, "after": 41}                     about to post: it may or may not be there
    {"conversation": 7, "after": 41, "message": 42}      posted, never again

The first is written before the post. So after a time-out, a crash between the post and the second
write, or a lost lease, whoever comes next first reads the conversation's messages newer than
``after``, and posts only if none is the event's. What stays open is a request that reaches Chatwoot
only after that look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smarter_connector.exceptions import Retryable
from smarter_connector.sinks.base import SinkMemory
from smarter_connector.sinks.chatwoot.client import ChatwootClient, Missing, number
from smarter_connector.sinks.chatwoot.notes import note_text, reference
from smarter_domain.events.envelope import Event

KIND = "note"
LOOK_PAGES = 50
"""Pages of 20 messages read back: what a busy conversation gathers in a day."""

NO_NOTE = "contact"
NO_CONVERSATION = "no conversation"
NOTED = "note"
"""What the delivery list shows for an event without a note, without a place for one, with one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a note is about to be posted: a conversation, after a message."""

    conversation: int
    after: int

    def to_json(self, message: int | None = None) -> dict[str, int]:
        """What is remembered, before the post and after it."""
        place = {"conversation": self.conversation, "after": self.after}
        return place if message is None else {**place, "message": message}


class Journal:
    """Posts notes and remembers which event has one."""

    def __init__(self, client: ChatwootClient, memory: SinkMemory) -> None:
        self._client = client
        self._memory = memory

    async def post(self, event: Event, contact_id: int) -> str:
        """Leave the event's note in the contact's open conversation; returns what to show."""
        text = note_text(event)
        if text is None:
            return NO_NOTE
        known = (await self._memory.recall(KIND, [event.id])).get(event.id)
        if known and (known.get("message") or await self._found(event, known)):
            return NOTED
        place = await self._place(contact_id)
        if place is None:
            return NO_CONVERSATION
        await self._memory.remember(KIND, {event.id: place.to_json()})
        try:
            message = await self._client.post_note(place.conversation, text, event.id)
        except Missing as error:
            raise Retryable("the conversation vanished meanwhile", status="race") from error
        await self._memory.remember(KIND, {event.id: place.to_json(message)})
        return NOTED

    async def _found(self, event: Event, known: Mapping[str, Any]) -> bool:
        place = Place(number(known.get("conversation")), int(known.get("after") or 0))
        message = await self._look(event, place)
        if message is None:
            return False
        await self._memory.remember(KIND, {event.id: place.to_json(message)})
        return True

    async def _look(self, event: Event, place: Place) -> int | None:
        before: int | None = None
        for _ in range(LOOK_PAGES):
            try:
                page = await self._client.messages(place.conversation, before)
            except Missing:
                return None
            ids = [number(message.get("id")) for message in page]
            for message in page:
                if _is_note_of(message, event):
                    return message["id"]
            if not ids or min(ids) <= place.after:
                return None
            before = min(ids)
        return None

    async def _place(self, contact_id: int) -> Place | None:
        conversations = await self._client.conversations(contact_id)
        still_open = [one for one in conversations if one.get("status") == "open"]
        if not still_open:
            return None
        chosen = max(still_open, key=lambda one: number(one.get("id")))
        return Place(chosen["id"], _last_message(chosen))


def _is_note_of(message: Mapping[str, Any], event: Event) -> bool:
    """By ``source_id``, or by the reference where a Chatwoot does not keep it."""
    if message.get("source_id") == event.id:
        return True
    return bool(message.get("private")) and reference(event.id) in str(message.get("content") or "")


def _last_message(conversation: Mapping[str, Any]) -> int:
    """The newest message that a list of conversations tells of; an older one only costs a page."""
    listed = conversation.get("messages")
    shown = [*(listed if isinstance(listed, list) else [])]
    shown.append(conversation.get("last_non_activity_message"))
    ids = [one.get("id") for one in shown if isinstance(one, Mapping)]
    return max((one for one in ids if isinstance(one, int)), default=0)
