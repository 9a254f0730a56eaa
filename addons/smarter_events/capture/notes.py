"""The three doors through which records pass: what is noted at each."""

from __future__ import annotations

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from .flush import flush
from .memory import memory_of
from .watch import Watch, stored_values


def watch_of(records) -> Watch | None:
    """What is watched of this model; nothing while modules are loaded, updated or removed."""
    if not records.pool.ready or records.env.context.get(MODULE_UNINSTALL_FLAG):
        return None
    return records.env["smarter.outbox"]._watches().get(records._name)


def note_created(records, watch: Watch) -> None:
    memory, uid = memory_of(records.env, flush), records.env.uid
    for id_ in records._ids:
        memory.entry(watch.model, id_, uid).created = True


def note_written(records, vals_list, watch: Watch) -> None:
    """Remember the stored values of the watched fields before they are written, once a flush."""
    touched = {
        id_: names
        for id_, vals in zip(records._ids, vals_list, strict=True)
        if (names := watch.fields.intersection(vals))
    }
    if not touched:
        return
    memory, uid = memory_of(records.env, flush), records.env.uid
    entries = {id_: memory.entry(watch.model, id_, uid) for id_ in touched}
    unread = [id_ for id_, entry in entries.items() if not entry.created and not entry.old]
    for id_, values in stored_values(records.env.cr, watch, unread).items():
        entries[id_].old = values
    for id_, names in touched.items():
        entries[id_].written |= names


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
    """Payloads of administrators' types on deletion: afterwards there is nothing left to read."""
    return {}
