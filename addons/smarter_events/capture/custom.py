"""Types that administrators make: read with their author's rights, never with sudo."""

from __future__ import annotations

import logging
from typing import Any

from odoo.exceptions import AccessError

from ..models.field_policy import field_problem, model_problem, watch_problem
from .declaration import Batch, Declaration
from .filters import matching
from .subscriptions import parse_domain
from .triggers import Change, Changes, Created, Deleted, Leaves, Reaches, Trigger
from .values import plain

_logger = logging.getLogger(__name__)
RELATED_MAX = 1000
"""Ids sent of a relation to many."""

_QUERY = """
    SELECT t.slug, m.model, t.trigger, t.trigger_value, t.domain, t.author_id, t.company_id,
        ARRAY(SELECT f.name FROM smarter_event_type_trigger_field r
            JOIN ir_model_fields f ON f.id = r.ir_model_fields_id
            WHERE r.smarter_event_type_id = t.id) AS watched,
        ARRAY(SELECT f.name FROM smarter_event_type_field r
            JOIN ir_model_fields f ON f.id = r.ir_model_fields_id
            WHERE r.smarter_event_type_id = t.id ORDER BY f.name) AS sent
    FROM smarter_event_type t JOIN ir_model m ON m.id = t.model_id
    JOIN res_users u ON u.id = t.author_id AND u.active
    WHERE t.active ORDER BY t.id
"""


def read_custom(env) -> list[Declaration]:
    """The active types of active authors. Plain SQL: this may run in the middle of an ORM flush."""
    env.cr.execute(_QUERY)
    return [declared for row in env.cr.dictfetchall() if (declared := _declaration(env, row))]


def _declaration(env, row: dict[str, Any]) -> Declaration | None:
    problem = _problem(env, row)
    if problem:
        _logger.error("Event type custom.%s makes no events: %s", row["slug"], problem)
        return None
    name = f"custom.{row['slug']}"
    custom = _Custom(name, row["sent"], *parse_domain(row["domain"]))
    return Declaration(
        name=name,
        model=row["model"],
        trigger=_trigger(env[row["model"]], row),
        build=custom.build,
        pick=custom.pick,
        author_id=row["author_id"],
        only_company_id=row["company_id"],
        tells=frozenset((*row["watched"], *row["sent"])),
    )


def _problem(env, row: dict[str, Any]) -> str | None:
    """The form refuses all of these; what was written past it is refused here."""
    model = row["model"]
    if problem := model_problem(env, model):
        return f"{model} is {problem}"
    for names, problem_of in ((row["sent"], field_problem), (row["watched"], watch_problem)):
        for name in names:
            if problem := problem_of(env, model, name):
                return f"{model}.{name} is {problem}"
    if row["trigger"] in ("reaches", "leaves") and len(row["watched"]) != 1:
        return "one field must be watched"
    return None


def _trigger(model, row: dict[str, Any]) -> Trigger:
    kind, watched = row["trigger"], row["watched"]
    if kind == "created":
        return Created()
    if kind == "deleted":
        return Deleted()
    if kind == "changed":
        return Changes(frozenset(watched))
    value = _stored(model._fields[watched[0]], row["trigger_value"])
    return (Reaches if kind == "reaches" else Leaves)(watched[0], frozenset({value}))


def _stored(field, text: str | None) -> Any:
    """The value a person wrote, as PostgreSQL gives it."""
    text = (text or "").strip()
    if field.type == "boolean":
        return text.lower() in ("true", "1", "yes", "sí", "si")
    try:
        if field.type in ("integer", "many2one"):
            return int(text)
        if field.type in ("float", "monetary"):
            return float(text)
    except ValueError:
        return None
    return text or None


class _Custom:
    """Condition and payload of one type."""

    def __init__(self, name: str, sent: list[str], domain: tuple[Any, ...], broken: str | None):
        self.name, self.sent, self.domain, self.broken = name, sent, domain, broken

    def pick(self, batch: Batch):
        """Records that the author may see and that meet the condition."""
        if self.broken:
            raise ValueError(self.broken)
        if self._deleted(batch):  # judged while it was still there
            return batch.records.filtered(lambda one: self.name in batch.changes[one.id].built)
        batch.records.browse().check_access("read")
        return matching(batch.records._filtered_access("read"), self.domain)

    def build(self, batch: Batch) -> dict[int, dict[str, Any]]:
        if self._deleted(batch):
            return {id_: self._kept(batch.changes[id_]) for id_ in batch.records._ids}
        return {
            values["id"]: self._data(batch.records.browse(values["id"]), values)
            for values in batch.records.read(self.sent, load=None)
        }

    def _deleted(self, batch: Batch) -> bool:
        return any(change.deleted for change in batch.changes.values())

    def _kept(self, change: Change) -> dict[str, Any]:
        """What was built before the deletion; its error if that failed."""
        outcome = change.built[self.name]
        if "error" in outcome:
            raise AccessError(outcome["error"])
        return outcome["data"]

    def _data(self, record, values: dict[str, Any]) -> dict[str, Any]:
        fields = {name: _value(record, record._fields[name], values[name]) for name in self.sent}
        return {
            "id": record.id,
            "model": record._name,
            "name": record.display_name or "",
            "fields": fields,
        }


def _value(record, field, value: Any) -> Any:
    if field.type == "many2one":
        related = record.env[field.comodel_name].browse(value or ())
        if not related:
            return None
        return {"id": value, "name": related.display_name if related.has_access("read") else None}
    if field.relational:
        return list(value)[:RELATED_MAX]
    if field.type == "boolean":
        return bool(value)
    if value is False:
        return None
    return plain(field, value, record.env)
