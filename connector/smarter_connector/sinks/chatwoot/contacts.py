"""Which contact an event is about, and what of it goes to Chatwoot. Pure: values in, values out.

A contact's data come with events of many records (the contact, its orders, its invoices), whose
lanes are independent: they arrive in any order. Three groups of data have a version of their own,
the event's ``sequence``: the profile, the last order and the last invoice. What is known of a
contact is kept as a ``Known`` in the tenant's database.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from typing import Any

from smarter_connector.sinks.chatwoot import texts
from smarter_connector.sinks.chatwoot.phone import to_e164
from smarter_domain.events.envelope import Event
from smarter_domain.rut import InvalidRut, Rut

MODEL = "res.partner"
CONTACT_TYPES = frozenset({"contact.created", "contact.updated"})
ORDER_TYPES = frozenset({"order.confirmed", "order.updated", "order.cancelled"})
INVOICE_TYPES = frozenset(
    {
        "invoice.posted", "invoice.updated", "invoice.paid", "invoice.unpaid", "invoice.cancelled",
        "invoice.overdue",
    }
)  # fmt: skip
SALES = frozenset({"out_invoice", "out_receipt"})
MAX_STRING = 255
MAX_INTEGER = 9_999_999_999
"""Both from Chatwoot: string columns, and integers among custom attributes."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LABEL = re.compile(r"[^\w-]+")


@dataclass(frozen=True, slots=True)
class Document:
    """The last order or invoice: which one, of which day (ISO), in which version."""

    sequence: str = ""
    day: str = ""
    name: str = ""
    text: str | None = None

    def gives_way_to(self, other: Document) -> bool:
        """Whether ``other`` is to be shown instead: no older version, or a later document."""
        if self.name == other.name:
            return other.sequence >= self.sequence
        return (other.day, other.sequence) > (self.day, self.sequence)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a contact: its id in Chatwoot (0: none yet) and the versions sent."""

    id: int = 0
    profile: str = ""
    order: Document = Document()
    invoice: Document = Document()
    labels: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: Any) -> Known:
        """Read what ``to_json`` wrote; anything else is as good as nothing known."""
        if not isinstance(value, Mapping):
            return cls()
        order, invoice = (Document(*(value.get(key) or ())) for key in ("order", "invoice"))
        labels = tuple(value.get("labels") or ())
        return cls(value.get("id") or 0, value.get("profile") or "", order, invoice, labels)

    def to_json(self) -> dict[str, Any]:
        """A JSON object; short, for there is one per contact."""
        documents = {"order": self.order, "invoice": self.invoice}
        packed = {
            key: [one.sequence, one.day, one.name] for key, one in documents.items() if one.sequence
        }
        kept = {"id": self.id, "profile": self.profile, "labels": list(self.labels), **packed}
        return {key: value for key, value in kept.items() if value}


@dataclass(frozen=True, slots=True)
class Change:
    """What an event brings for a contact: fields, attributes, labels, and what is known after it.

    ``tags`` None: the event says nothing of the contact's own labels.
    """

    known: Known
    fields: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    address: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    deleted: bool = False

    @property
    def empty(self) -> bool:
        """Nothing here is newer than what Chatwoot has."""
        return not self.fields and not self.attributes


def partner_of(event: Event) -> int | None:
    """The partner an event is about, None when it is about none."""
    if event.type == "record.deleted":
        return _id(event.data) if event.data.get("model") == MODEL else None
    return _id(_block(event))


def change(event: Event, known: Known) -> Change:
    """What ``event`` changes on its contact, given what is known; call it with a partner only."""
    block = _block(event)
    fresh = event.sequence >= known.profile  # the same again, too: a replay mends what was lost
    if event.type == "record.deleted":
        gone = {"smarter_estado": "Eliminado en Odoo"} if fresh else {}
        after = replace(known, profile=max(event.sequence, known.profile))
        return Change(after, attributes=gone, deleted=True)
    order, invoice = _documents(event, known)
    attributes = _attributes(event, block) if fresh else {}
    if order is not known.order:
        attributes["smarter_ultimo_pedido"] = order.text
    if invoice is not known.invoice:
        attributes["smarter_ultima_factura"] = invoice.text
    is_contact = fresh and event.type in CONTACT_TYPES
    after = replace(known, profile=max(event.sequence, known.profile), order=order, invoice=invoice)
    return Change(
        after,
        fields=_fields(block) if fresh else {},
        attributes=attributes,
        address=_address(block) if is_contact else {},
        tags=_tags(block) if is_contact else None,
    )


def label(text: Any) -> str:
    """A label as Chatwoot stores it: lower case, dashes for what is no letter or digit."""
    return _LABEL.sub("-", str(text).strip().lower()).strip("-")[:MAX_STRING]


def _block(event: Event) -> Mapping[str, Any]:
    block = event.data if event.type in CONTACT_TYPES else event.data.get("partner")
    return block if isinstance(block, Mapping) else {}


def _id(block: Mapping[str, Any]) -> int | None:
    value = block.get("id")
    valid = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if valid else None


def _fields(block: Mapping[str, Any]) -> dict[str, str]:
    name = _text(block.get("name")) or f"Contacto {block['id']}"
    found = {"name": name, "email": _email(block.get("email"))}
    found["phone_number"] = to_e164(block.get("phone"))
    return {key: value for key, value in found.items() if value}


def _attributes(event: Event, block: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "smarter_rut": _rut(block.get("rut")),
        "smarter_saldo": _number(block.get("balance")),
        "smarter_cliente_desde": texts.iso_day(block.get("customer_since")) or None,
    }
    if event.type in CONTACT_TYPES:
        active = block.get("active", True)
        found["smarter_estado"] = "Activo" if active else "Archivado en Odoo"
    return found


def _documents(event: Event, known: Known) -> tuple[Document, Document]:
    data = event.data
    if event.type in CONTACT_TYPES:
        return _named(event, known.order, "order"), _named(event, known.invoice, "invoice")
    if event.type in ORDER_TYPES:
        moment = data.get("confirmed_at") or data.get("ordered_at")
        cancelled = event.type == "order.cancelled"
        return _later(known.order, _document(event, moment, cancelled)), known.invoice
    if event.type in INVOICE_TYPES and data.get("move_type") in SALES:
        cancelled = event.type == "invoice.cancelled"
        found = _document(event, data.get("issue_date"), cancelled)
        return known.order, _later(known.invoice, found)
    return known.order, known.invoice


def _named(event: Event, known: Document, kind: str) -> Document:
    """The document that the contact itself names as its last one; it decides when it is newer."""
    found = event.data.get(f"last_{kind}")
    if event.sequence < known.sequence:
        return known
    if not isinstance(found, Mapping):
        return Document(event.sequence) if known.name else known
    moment = texts.iso_day(found.get("date"))
    text = _describe(found.get("name"), moment, found.get("total"), "CLP")
    return Document(event.sequence, moment, str(found.get("name") or ""), text)


def _document(event: Event, moment: Any, cancelled: bool) -> Document:
    data = event.data
    name, when = data.get("name"), texts.iso_day(moment)
    text = _describe(name, when, data.get("total"), data.get("currency"))
    text += " (anulado)" if cancelled else ""
    return Document(event.sequence, when, str(name or ""), text)


def _later(known: Document, found: Document) -> Document:
    return found if known.gives_way_to(found) else known


def _describe(name: Any, moment: str, total: Any, currency: str | None) -> str:
    parts = (_text(name), texts.day(moment), texts.amount(total, currency))
    return " · ".join(part for part in parts if part)


def _address(block: Mapping[str, Any]) -> dict[str, str]:
    found = {"city": _text(block.get("comuna")), "country_code": _text(block.get("country"))}
    return {key: value for key, value in found.items() if value}


def _tags(block: Mapping[str, Any]) -> tuple[str, ...]:
    labels = block.get("labels")
    given = labels if isinstance(labels, list) else []
    return tuple(dict.fromkeys(filter(None, map(label, given))))


def _text(value: Any) -> str:
    text = _CONTROL.sub(" ", value) if isinstance(value, str) else ""
    return " ".join(text.split())[:MAX_STRING]


def _email(value: Any) -> str | None:
    address = parseaddr(value)[1].lower() if isinstance(value, str) else ""
    good = _EMAIL.fullmatch(address) and len(address) <= MAX_STRING
    return address if good and not _CONTROL.search(address) else None


def _rut(value: Any) -> str | None:
    try:
        return Rut.parse(value).dotted
    except InvalidRut:
        return _text(value) or None


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Chatwoot refuses integers of more than ten digits, but no float.
    return float(value) if value > MAX_INTEGER else value
