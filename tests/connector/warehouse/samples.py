"""Events for the warehouse's tests, made from the catalogue's own examples."""

from __future__ import annotations

import uuid
from typing import Any

from smarter_connector.stores.base import Delivery
from smarter_domain.events import EVENT_TYPES, Event

A, B = "77654321-7", "12345678-5"
BRANCH = "11111111-1"
"""A second company of tenant A."""

_SPACE = uuid.UUID("6f3c2c9e-0000-4000-8000-000000000000")


def event(
    type: str,
    number: int,
    *,
    tenant: str = A,
    rut: str | None = None,
    epoch: int = 1,
    time: str = "2026-11-22T15:00:00.000000Z",
    **data: Any,
) -> Event:
    """The catalogue's example of ``type`` with some of its ``data`` replaced."""
    content = {**EVENT_TYPES[type].example, **data}
    model = content.get("model") or EVENT_TYPES[type].model
    return Event(
        id=str(uuid.uuid5(_SPACE, f"{tenant}-{epoch}-{number}")),
        type=type,
        tenant=tenant,
        rut=rut or tenant,
        aggregate=f"{model}/{content['id']}",
        time=time,
        epoch=epoch,
        number=number,
        data=content,
    )


def deleted(model: str, id: int, number: int, **more: Any) -> Event:
    return event("record.deleted", number, model=model, id=id, name="S00042", **more)


def delivery(event: Event, id: int | None = None) -> Delivery:
    return Delivery(
        id or event.number, 1, event.aggregate, 1, "lease", f"msg_{event.id}", event.replay, event
    )


def line(id: int, **more: Any) -> dict[str, Any]:
    return {
        "id": id, "product_id": 12, "sku": "TAL-500", "name": "Taladro percutor 500 W",
        "kind": "product", "qty": 2.0, "uom": "Unidades", "unit_price": 45000, "net": 90000,
        "cost": 60000, **more,
    }  # fmt: skip
