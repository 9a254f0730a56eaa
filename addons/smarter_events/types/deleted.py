"""``record.deleted``: whatever the warehouse keeps and no longer exists here, or has moved to a
company of another RUT."""

from __future__ import annotations

from typing import Any

from smarter_domain.events.catalogue import EVENT_TYPES

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Deleted
from ..capture.values import plain

KEPT = sorted(
    {kind.model for kind in EVENT_TYPES.values() if kind.warehouse and kind.model}
    - {"smarter.tenant"}
)


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    return {id_: _data(batch, id_) for id_ in batch.records._ids}


def _data(batch: Batch, id_: int) -> dict[str, Any]:
    model = batch.records
    stored = batch.changes[id_].old.get("__name__")
    name = plain(model._fields[model._rec_name], stored, model.env) if stored else None
    return {"id": id_, "model": model._name, "name": str(name or f"{model._name}/{id_}")}


TYPES = tuple(
    Declaration(name="record.deleted", model=model, trigger=Deleted(), build=build)
    for model in KEPT
)
