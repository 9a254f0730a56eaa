"""What is noted of records that are about to go, and of those that PostgreSQL takes with them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from psycopg2 import OperationalError

from .declaration import Batch
from .documents import company_id_of, env_of
from .flush import flush
from .memory import memory_of
from .triggers import Change
from .watch import Route, Watch, select_by, stored_values

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Doomed:
    """Records of one model with their stored ``values`` and what was ``built`` of them, by id."""

    records: Any
    watch: Watch
    values: dict[int, dict]
    built: dict[int, dict]


def note_before_delete(records, watch: Watch) -> list[Doomed]:
    """Read what will be needed of these records once they are gone."""
    records.env.flush_all()  # a builder that fails is undone: nothing of the user's may go with it
    return [
        Doomed(each, their_watch, _values(each, their_watch), _build(each, their_watch))
        for each, their_watch in _with_dependents(records, watch)
        if their_watch.routes or their_watch.targets
    ]


def note_deleted(doomed: list[Doomed]) -> None:
    """Note them as deleted. Whether they are is seen in the database when Odoo flushes."""
    for one in doomed:
        memory, uid = memory_of(one.records.env, flush), one.records.env.uid
        for id_, values in one.values.items():
            entry = memory.entry(one.watch.model, id_, uid)
            entry.deleted = True
            entry.old = values | entry.old
            entry.built = one.built.get(id_, {})


def _with_dependents(records, watch: Watch):
    """The records, and those that the database deletes with them: no ``unlink`` is called there
    (the variants of a product template)."""
    watches = records.env["smarter.outbox"]._watches()
    found, seen = [(records, watch)], {(watch.model, id_) for id_ in records._ids}
    for parents, parent_watch in found:  # grows while it is walked
        for model, column in parent_watch.cascades:
            children = records.env[model]
            rows = records.env.execute_query(select_by(children, column, column, parents._ids))
            ids = [id_ for id_, _parent in rows if (model, id_) not in seen]
            if ids:
                seen.update((model, id_) for id_ in ids)
                found.append((children.browse(ids), watches[model]))
    return found


def _values(records, watch: Watch) -> dict[int, dict]:
    """Stored values, name and company. What is no column of its own (a variant's name and company
    are its template's) is read with sudo: it decides in whose name the event leaves."""
    values = stored_values(records.env.cr, watch, list(records._ids))
    if not watch.routes:
        return values
    if watch.rec_name:
        query = select_by(records, watch.rec_name, "id", records._ids)
        for id_, name in records.env.execute_query(query):
            values[id_]["__name__"] = name
    if not watch.rec_name or "company_id" not in watch.columns:
        for record_sudo in records.sudo().browse(values):
            if not watch.rec_name:
                values[record_sudo.id]["__name__"] = record_sudo.display_name
            if "company_id" not in watch.columns:
                values[record_sudo.id]["company_id"] = company_id_of(record_sudo)
    return values


def _build(records, watch: Watch) -> dict[int, dict]:
    """Payloads of administrators' types on deletion: afterwards there is nothing left to read.

    By record id, then type: {"data": ...} or {"error": ...}; a record that the author may not see
    or that does not meet the condition is missing.
    """
    built = {}
    for route in watch.builds_before_delete:
        for record in records:
            outcome = _outcome(route, record)
            if outcome:
                built.setdefault(record.id, {})[route.type.name] = outcome
    return built


def _outcome(route: Route, record) -> dict | None:
    env = record.env(su=True, context={})
    sender = env["smarter.outbox"]._sender(company_id_of(record.sudo()))
    theirs = env_of(env, route, sender)[record._name].browse(record.id)
    batch = Batch(theirs, {record.id: Change(record._name, record.id, env.uid)}, sender)
    try:
        with env.cr.savepoint(flush=False):
            batch = batch.of(route.type.pick(batch))
            data = route.type.build(batch) if batch.records else {}
    except OperationalError:
        raise
    except Exception as error:
        _logger.warning("%s of %s failed", route.type.name, record, exc_info=True)
        return {"error": f"{type(error).__name__}: {error}"}
    return {"data": data[record.id]} if data else None
