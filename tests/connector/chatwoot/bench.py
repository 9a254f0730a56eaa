"""A Chatwoot sink at the sandbox, and the events it is given."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from typing import Any

from smarter_connector.clock import FakeClock
from smarter_connector.sandbox import Sandbox
from smarter_connector.sandbox.chatwoot_state import Account, Contact
from smarter_connector.secrets import SecretResolver
from smarter_connector.sinks import make_sink
from smarter_connector.sinks.base import Result, SinkContext, SinkMemory
from smarter_connector.stores.base import Delivery, Subscription
from smarter_connector.stores.memory import MemoryOutbox, MemoryStore
from smarter_connector.transport import Transport
from smarter_domain.events.catalogue import EVENT_TYPES
from smarter_domain.events.envelope import Event
from tests.connector import support

TOKEN = "a-token-of-the-account"
RUT = "77654321-7"
NAME = f"{RUT}:31"
"""Identifier of the contact that the catalogue's examples are about (partner 31)."""

_numbers = itertools.count(1)


def make_event(type: str = "order.confirmed", number: int | None = None, **data: Any) -> Event:
    """An event of the catalogue's example, with some of its data changed."""
    known = EVENT_TYPES.get(type)
    example = known.example if known else {"id": 5, "model": "x_rental", "name": "R5"}
    whole = {"id": 1, "model": "smarter.subscription", **example, **data}
    return Event(
        id=str(uuid.uuid4()),
        type=type,
        tenant=RUT,
        rut=RUT,
        epoch=1,
        number=next(_numbers) if number is None else number,
        aggregate=f"{whole['model']}/{whole['id']}",
        time="2026-11-22T15:00:00Z",
        data=whole,
    )


def make_delivery(event: Event, attempt: int = 1) -> Delivery:
    return Delivery(next(_numbers), 1, event.aggregate, attempt, "lease", "wh", 0, event)


@dataclass
class Bench:
    """A sink of the connector at the sandbox's Chatwoot, with a memory that outlives it."""

    sandbox: Sandbox
    transport: Transport
    config: dict[str, Any]
    store: MemoryStore = field(default_factory=lambda: MemoryStore(MemoryOutbox()))
    clock: FakeClock = field(default_factory=FakeClock)
    secrets: dict[str, str] = field(default_factory=lambda: {"SMARTER_SECRET_CW": TOKEN})

    def __post_init__(self) -> None:
        self.restart()

    def restart(self, **config: Any) -> None:
        """A new connector: nothing is known but what the tenant's database remembers."""
        self.config |= config
        subscription = Subscription(
            id=1, name="Chatwoot", target="chatwoot", url=self.sandbox.url, config=self.config
        )
        self.sink = make_sink(
            SinkContext(
                subscription=subscription,
                tenant=self.store.tenant,
                memory=SinkMemory(self.store, 1),
                transport=self.transport,
                clock=self.clock,
                secrets=SecretResolver(
                    env_prefix="SMARTER_SECRET_", folder=None, environ=self.secrets
                ),
                settings=support.settings(),
            )
        )

    async def send(self, *events: Event) -> list[Result]:
        return await self.sink.deliver([make_delivery(event) for event in events])

    async def one(self, event: Event) -> Result:
        (result,) = await self.send(event)
        return result

    @property
    def account(self) -> Account:
        return self.sandbox.chatwoot.account(1)

    @property
    def contacts(self) -> list[Contact]:
        return list(self.account.contacts.values())

    @property
    def notes(self) -> list[str]:
        """Contents of all private notes, without the line of the reference."""
        return [
            message["content"].split("\n")[0]
            for conversation in self.account.conversations.values()
            for message in conversation.messages.values()
            if message["private"]
        ]

    def talk(self, contact: Contact, status: str = "open") -> int:
        return self.account.open_conversation(contact.id, 1, status).id
