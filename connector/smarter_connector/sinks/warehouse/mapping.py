"""From an event to the row it makes of its record. Pure: no database, no clock.

Every event carries its record whole, so a row depends on the newest event alone; what events come
before it, how often and in what order makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from smarter_connector.sinks.warehouse import specs
from smarter_connector.sinks.warehouse import values as v
from smarter_connector.sinks.warehouse.specs import Spec
from smarter_connector.sinks.warehouse.tables import MODELS
from smarter_connector.sinks.warehouse.values import BadValue
from smarter_domain.events import EVENT_TYPES, Event, check_data

Values = dict[str, Any]


class Unmappable(ValueError):
    """The event's data cannot be kept; the message names every problem found."""


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one record. ``lines`` are its parts, for tables that have a table of lines."""

    table: str
    id: int
    tenant: str
    rut: str
    version: tuple[int, int]
    event_id: str
    event_time: str
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Mapping[str, Any], ...] = ()
    deleted: bool = False

    @property
    def identity(self) -> tuple[str, str, int]:
        return self.table, self.tenant, self.id


def row(event: Event) -> Row | None:
    """The row the event makes, or None when the warehouse keeps nothing of its type.

    Raises :class:`Unmappable`; then the schema of the type says what is wrong, as far as it can.
    """
    read = _TYPES.get(event.type, _kept)
    try:
        return read(event)
    except BadValue as error:
        problems = check_data(event.type, dict(event.data)) or [str(error)]
        raise Unmappable("; ".join(problems)) from error


def _kept(event: Event) -> Row | None:
    kind = EVENT_TYPES.get(event.type)
    model = kind.model if kind and kind.warehouse else None
    if model not in _SPECS:
        return None
    spec, finish = _SPECS[model]
    found = {column: v.read(event.data, path, reader) for column, (path, reader) in spec.items()}
    finish(found, event.data)
    return _row(event, model, values=found, lines=_lines(event.data, model))


def _deleted(event: Event) -> Row | None:
    """A tombstone: no values, so that it is the same whether or not the record was known."""
    model = v.read(event.data, "model", v.text) or ""
    return _row(event, model, deleted=True) if model in MODELS else None


def _tenant(event: Event) -> Row:
    """The tenant's own row; its RUT is who sent it, whatever the data says."""
    keys = {"name": v.text, "slug": v.text, "plan": v.text, "status": v.text}
    found = {name: v.read(event.data, name, reader) for name, reader in keys.items()}
    return _plain(event, "tenants", found)


def _mark(event: Event) -> Row:
    """A test event leaves its version, which a rebuild uses as a line in time."""
    return _plain(event, "marks", {})


def _plain(event: Event, table: str, values: Values) -> Row:
    number = event.number if table == "marks" else 0
    return Row(
        table, number, event.tenant, event.tenant, event.version, event.id, event.time, values
    )


def _row(event: Event, model: str, **content: Any) -> Row:
    table, sign = MODELS[model]
    found = v.read(event.data, "id", v.integer)
    if not found or found < 0 or event.aggregate != f"{model}/{found}":
        raise BadValue(f"id: {found!r} is not the record of {event.aggregate!r}")
    return Row(
        table, sign * found, event.tenant, event.rut, event.version, event.id, event.time, **content
    )


def _lines(data: Mapping[str, Any], model: str) -> tuple[Values, ...]:
    if model not in _WITH_LINES:
        return ()
    sign = MODELS[model][1]
    lines = [
        {column: v.read(line, path, reader) for column, (path, reader) in specs.LINE.items()}
        for line in v.read(data, "lines", v.objects) or ()
    ]
    if len({line["line_id"] for line in lines}) < len(lines):
        raise BadValue("lines: an id comes twice")
    return tuple({**line, "line_id": sign * line["line_id"]} for line in lines)


def _nothing(found: Values, data: Mapping[str, Any]) -> None:
    """No column needs more than its own key."""


def _finish_pos(found: Values, data: Mapping[str, Any]) -> None:
    """A paid POS order is a confirmed sale in every figure."""
    found |= {"state": "sale", "confirmed_at": found["ordered_at"], "is_test": False}


def _finish_invoice(found: Values, data: Mapping[str, Any]) -> None:
    """The SII's answer may come as an object; figures need its state."""
    sii = data.get("sii")
    if sii is not None:
        path = "sii.state" if isinstance(sii, Mapping) else "sii"
        found["sii"] = v.read(data, path, v.text)


def _finish_lead(found: Values, data: Mapping[str, Any]) -> None:
    found["order_id"] = min(found["order_ids"] or [], default=None)


def _finish_delivery(found: Values, data: Mapping[str, Any]) -> None:
    lines = v.read(data, "lines", v.objects) or ()
    found["units"] = sum(v.read(line, "qty", v.number) or 0 for line in lines)


_Finish = Callable[[Values, Mapping[str, Any]], None]
_SPECS: Mapping[str, tuple[Spec, _Finish]] = MappingProxyType({
    "product.product": (specs.PRODUCT, _nothing),
    "res.partner": (specs.CUSTOMER, _nothing),
    "sale.order": (specs.ORDER, _nothing),
    "pos.order": (specs.POS_ORDER, _finish_pos),
    "account.move": (specs.INVOICE, _finish_invoice),
    "account.payment": (specs.PAYMENT, _nothing),
    "stock.quant": (specs.STOCK, _nothing),
    "crm.lead": (specs.LEAD, _finish_lead),
    "stock.picking": (specs.DELIVERY, _finish_delivery),
})  # fmt: skip
_WITH_LINES = frozenset({"sale.order", "pos.order", "account.move"})
_TYPES: Mapping[str, Callable[[Event], Row | None]] = MappingProxyType(
    {"record.deleted": _deleted, "tenant.updated": _tenant, "test.ping": _mark}
)
