"""The three doors through which records pass: what is noted at each."""

from __future__ import annotations

import logging

from psycopg2 import OperationalError

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from .declaration import Batch
from .documents import company_id_of, env_of
from .flush import flush
from .memory import memory_of
from .triggers import Change
from .watch import Route, Watch, stored_values

_logger = logging.getLogger(__name__)

# The map is made of these: it must not be asked while one of them is half written.
MAP_MODELS = frozenset({"smarter.subscription", "smarter.event.type"})


def watch_of(records) -> Watch | None:
    """What is watched of this model; nothing while modules are loaded, updated or removed."""
    if not records.pool.ready or records._name in MAP_MODELS:
        return None
    if MODULE_UNINSTALL_FLAG in records.env.context:
        return None
    return records.env["smarter.outbox"]._watches().get(records._name)


def note_created(records, watch: Watch) -> None:
    memory, uid = memory_of(records.env, flush), records.env.uid
    for id_ in records._ids:
        memory.entry(watch.model, id_, uid).created = True


def note_written(records, vals_list, watch: Watch) -> None:
    """Remember the stored values of the watched fields before they are written, once a flush."""
    touched = [
        (id_, names, vals)
        for id_, vals in zip(records._ids, vals_list, strict=True)
        if (names := watch.fields.intersection(vals))
    ]
    if not touched:
        return
    memory, entries = memory_of(records.env, flush), {}
    for id_, names, vals in touched:
        # The environment that flushes may be another one than that which wrote.
        user_id = vals.get("write_uid") or records.env.uid
        entries[id_] = entry = memory.entry(watch.model, id_, user_id)
        entry.written |= names
    unread = [id_ for id_, entry in entries.items() if not entry.created and not entry.old]
    for id_, values in stored_values(records.env.cr, watch, unread).items():
        entries[id_].old = values


def read_before_delete(records, watch: Watch) -> dict[int, dict]:
    """Stored values and name of the records that are about to go."""
    ids = list(records._ids)
    values = stored_values(records.env.cr, watch, ids)
    if watch.rec_name and watch.routes:
        query = f'SELECT id, "{watch.rec_name}" FROM "{records._table}" WHERE id = ANY (%s)'
        records.env.cr.execute(query, [ids])
        for id_, name in records.env.cr.fetchall():
            values[id_]["__name__"] = name
    return values


def note_deleted(records, watch: Watch, values: dict[int, dict], built: dict[int, dict]) -> None:
    memory, uid = memory_of(records.env, flush), records.env.uid
    for id_ in records._ids:
        if id_ in values:
            entry = memory.entry(watch.model, id_, uid)
            entry.deleted = True
            entry.old = values[id_] | entry.old
            entry.built = built.get(id_, {})


def build_before_delete(records, watch: Watch) -> dict[int, dict]:
    """Payloads of administrators' types on deletion: afterwards there is nothing left to read.

    By record id, then type: {"data": ...} or {"error": ...}; a record that the author may not see
    or that does not meet the condition is missing.
    """
    built = {}
    for route in watch.builds_before_delete:
        for record in records:
            outcome = _outcome_before_delete(route, record)
            if outcome:
                built.setdefault(record.id, {})[route.type.name] = outcome
    return built


def _outcome_before_delete(route: Route, record) -> dict | None:
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
