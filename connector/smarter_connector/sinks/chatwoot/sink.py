"""Takes events to a Chatwoot account: the contact first, then its labels, then the note."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

from smarter_connector.exceptions import ConnectorError, Rejected
from smarter_connector.sinks.base import Result, SinkContext
from smarter_connector.sinks.chatwoot.attributes import Definitions
from smarter_connector.sinks.chatwoot.client import ChatwootClient, Missing
from smarter_connector.sinks.chatwoot.config import ChatwootConfig
from smarter_connector.sinks.chatwoot.contacts import Change, Known, change, partner_of
from smarter_connector.sinks.chatwoot.directory import Directory, Entry
from smarter_connector.sinks.chatwoot.journal import NO_NOTE, Journal
from smarter_connector.stores.base import Delivery
from smarter_domain.events.envelope import Event

KIND = "contact"
IGNORED = "ignored"
REACHED = "reached"


class ChatwootSink:
    """One subscription to one account. Raises ConfigurationError when its config is incomplete.

    Every step may be repeated: a retried delivery does again what is harmless to do again, and the
    rest is remembered. Events of one contact wait for each other, whatever their lanes; two
    connectors at once are held together by Chatwoot's unique identifier and by the journal.
    """

    def __init__(self, context: SinkContext) -> None:
        config = ChatwootConfig.read(context.subscription, context.secrets)
        client = ChatwootClient(context.transport, config, context.clock)
        self._config = config
        self._memory = context.memory
        self._client = client
        self._definitions = Definitions(client)
        self._directory = Directory(client, config.inbox_id)
        self._journal = Journal(client, context.memory)
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def deliver(self, deliveries: Sequence[Delivery]) -> list[Result]:
        """One after the other; behind a failure that may pass nothing more is tried."""
        results: list[Result] = []
        stopped = False
        for delivery in deliveries:
            result = Result(delivery, skipped=True) if stopped else await self._deliver(delivery)
            stopped = stopped or not (result.ok or isinstance(result.error, Rejected))
            results.append(result)
        return results

    async def close(self) -> None:
        """Nothing to let go of: connections belong to the transport."""

    async def _deliver(self, delivery: Delivery) -> Result:
        try:
            status, answer = await self._take(delivery.event)
        except Missing as error:
            self._directory.doubt()
            return Result(delivery, error, error.status, error.answer)
        except ConnectorError as error:
            return Result(delivery, error, error.status, error.answer)
        return Result(delivery, status=status, answer=answer)

    async def _take(self, event: Event) -> tuple[str, str]:
        if event.type == "test.ping":
            await self._definitions.ensure(again=True)
            return REACHED, ""
        partner_id = partner_of(event)
        if partner_id is None:
            return IGNORED, "the event is about no contact"
        async with self._lock(partner_id):
            await self._definitions.ensure()
            entry, known = await self._upsert(event, partner_id)
            if entry is None:
                return IGNORED, "the contact was never in Chatwoot"
            await self._remember(partner_id, known)
            status = NO_NOTE
            if self._config.wants_note(event.type):
                status = await self._journal.post(event, entry.id)
        return status, _describe(entry)

    async def _upsert(self, event: Event, partner_id: int) -> tuple[Entry | None, Known]:
        identifier = f"{event.tenant}:{partner_id}"
        key = str(partner_id)
        known = Known.from_json((await self._memory.recall(KIND, [key])).get(key))
        found = change(event, known)
        entry = None
        if known.id and await self._directory.is_ours(known.id, identifier):
            entry = await self._update(known.id, identifier, found)
        if entry is None:
            # Gone from Chatwoot, or never there: what was sent before counts for nothing.
            found = change(event, Known())
            entry = await self._enter(identifier, found)
        if entry is None:
            return None, known
        labels = await self._label(entry.id, found)
        return entry, replace(found.known, id=entry.id, labels=labels)

    async def _update(self, contact_id: int, identifier: str, found: Change) -> Entry | None:
        if found.empty:
            return Entry(contact_id)
        return await self._directory.update(contact_id, identifier, found)

    async def _enter(self, identifier: str, found: Change) -> Entry | None:
        if not found.deleted:
            return await self._directory.create(identifier, found)
        contact_id = await self._directory.find(identifier)
        return contact_id and await self._directory.update(contact_id, identifier, found)

    async def _label(self, contact_id: int, found: Change) -> tuple[str, ...]:
        """Add our labels to those of others; take away only what we had put there ourselves."""
        ours = found.known.labels
        tags = found.tags if found.tags is not None else ours
        wanted = tuple(dict.fromkeys((*self._config.labels, *tags)))
        if set(wanted) == set(ours):
            return ours
        present = await self._client.labels(contact_id)
        dropped = set(ours) - set(wanted)
        after = list(dict.fromkeys([*(one for one in present if one not in dropped), *wanted]))
        if after != present:
            await self._client.set_labels(contact_id, after)
        return wanted

    async def _remember(self, partner_id: int, known: Known) -> None:
        await self._memory.remember(KIND, {str(partner_id): known.to_json()})

    def _lock(self, partner_id: int) -> asyncio.Lock:
        return self._locks.setdefault(partner_id, asyncio.Lock())


def _describe(entry: Entry) -> str:
    if not entry.omitted:
        return f"contact {entry.id}"
    return f"contact {entry.id}, without {', '.join(entry.omitted)}: another contact has it"
