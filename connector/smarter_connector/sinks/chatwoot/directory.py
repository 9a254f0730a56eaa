"""Which contact of Chatwoot is which partner: create, find, update, and what to do about conflicts.

Create comes first: Chatwoot's unique ``identifier`` makes it safe, and search is limited to 100
calls a minute. A contact that exists is then found by an exact filter, or by search where that is
refused, and believed only if its identifier equals ours.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smarter_connector.exceptions import Rejected, Retryable
from smarter_connector.sinks.chatwoot.client import ChatwootClient, Invalid, Missing
from smarter_connector.sinks.chatwoot.contacts import Change

CONFLICTING = ("email", "phone_number")
SEARCH_PAGES = 5
PER_PAGE = 15
MAX_VERIFIED = 10_000
TRIES = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A contact as it now stands in Chatwoot; ``omitted`` fields belong to another contact."""

    id: int
    omitted: tuple[str, ...] = ()


class Directory:
    """Contacts of one account, by identifier."""

    def __init__(self, client: ChatwootClient, inbox_id: int | None) -> None:
        self._client = client
        self._inbox_id = inbox_id
        self._verified: OrderedDict[int, str] = OrderedDict()

    async def is_ours(self, contact_id: int, identifier: str) -> bool:
        """Whether the contact still exists and is that one; asked once, then remembered.

        Numbers come back when a Chatwoot is restored: one that is merely remembered could write a
        customer's data onto somebody else.
        """
        if self._verified.get(contact_id) == identifier:
            return True
        try:
            contact = await self._client.contact(contact_id)
        except Missing:
            return False
        return self._verify(contact, identifier)

    def doubt(self) -> None:
        """Something that should be there is not: ask again for every contact."""
        self._verified.clear()

    async def update(self, contact_id: int, identifier: str, change: Change) -> Entry | None:
        """Bring a contact up to date; None when it is gone or is another one now."""
        values = _values(change)
        omitted: list[str] = []
        for _ in range(TRIES):
            try:
                contact = await self._client.update_contact(contact_id, values)
            except Missing:
                self._verified.pop(contact_id, None)
                return None
            except Invalid as error:
                omitted += _omit(values, error)
                continue
            if not self._verify(contact, identifier):
                return None
            return Entry(contact_id, tuple(omitted))
        raise Rejected("Chatwoot refuses every form of the contact")

    async def create(self, identifier: str, change: Change) -> Entry:
        """Create the contact, or take the one that exists."""
        values = {**_without_nulls(_values(change)), "identifier": identifier}
        if self._inbox_id:
            values["inbox_id"] = self._inbox_id
        omitted: list[str] = []
        for _ in range(TRIES):
            try:
                contact = await self._client.create_contact(values)
            except Invalid as error:
                entry = await self._resolve(identifier, change, values, error)
                if entry is not None:
                    return entry
                omitted += _omit(values, error)
                continue
            self._verify({**contact, "identifier": identifier}, identifier)
            return Entry(contact["id"], tuple(omitted))
        raise Rejected("Chatwoot refuses every form of the contact")

    async def find(self, identifier: str) -> int | None:
        """The number of the contact with exactly this identifier."""
        for contact in await self._exactly("identifier", identifier):
            if contact.get("identifier") == identifier:
                self._verify(contact, identifier)
                return contact["id"]
        return None

    async def _resolve(
        self, identifier: str, change: Change, values: Mapping[str, Any], error: Invalid
    ) -> Entry | None:
        """The contact that stands in the way, brought up to date if it is or may become ours."""
        if "identifier" in error.attributes:
            found = await self.find(identifier)
            entry = found and await self.update(found, identifier, change)
            if not entry:
                raise Retryable("a contact vanished while it was looked for", status="race")
            return entry
        for key in CONFLICTING:
            if key in error.attributes and key in values:
                entry = await self._adopt(key, values[key], identifier, change)
                if entry:
                    return entry
        return None

    async def _adopt(self, key: str, value: str, identifier: str, change: Change) -> Entry | None:
        """Take over the contact that holds a field of ours and that nobody else has named."""
        found = [one for one in await self._exactly(key, value) if one.get(key) == value]
        if len(found) != 1 or found[0].get("identifier"):
            return None
        try:
            await self._client.update_contact(found[0]["id"], {"identifier": identifier})
        except (Invalid, Missing):
            return None
        return await self.update(found[0]["id"], identifier, change)

    async def _exactly(self, key: str, value: str) -> list[Mapping[str, Any]]:
        try:
            return await self._client.contacts_with(key, value)
        except Rejected:
            return await self._search(value)

    async def _search(self, value: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for page in range(1, SEARCH_PAGES + 1):
            contacts = await self._client.search_contacts(value, page)
            found += contacts
            if len(contacts) < PER_PAGE:
                break
        return found

    def _verify(self, contact: Mapping[str, Any], identifier: str) -> bool:
        if contact.get("identifier") != identifier:
            self._verified.pop(contact["id"], None)
            return False
        self._verified[contact["id"]] = identifier
        if len(self._verified) > MAX_VERIFIED:
            self._verified.popitem(last=False)
        return True


def _values(change: Change) -> dict[str, Any]:
    values: dict[str, Any] = dict(change.fields)
    if change.attributes:
        values["custom_attributes"] = dict(change.attributes)
    if change.address:
        values["additional_attributes"] = dict(change.address)
    return values


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    attributes = values.get("custom_attributes") or {}
    kept = {key: value for key, value in attributes.items() if value is not None}
    return {**values, "custom_attributes": kept}


def _omit(values: dict[str, Any], error: Invalid) -> Iterable[str]:
    """Take out what is taken or badly written; anything else Chatwoot refuses is for a person."""
    faulty = [key for key in CONFLICTING if key in error.attributes and key in values]
    if not faulty:
        raise error
    for key in faulty:
        del values[key]
    return faulty
