"""The doors through which records come and change: what is noted at each."""

from __future__ import annotations

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from .flush import flush
from .memory import memory_of
from .watch import Watch, select_by, stored_values

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


def note_repointed(records) -> None:
    """Note what refers to ``records`` in a watched field, before SQL makes it refer to others."""
    env = records.env
    if not env.registry.ready:
        return
    env.flush_all()
    for watch in list(env["smarter.outbox"]._watches().values()):
        fields = env[watch.model]._fields
        for name in sorted(watch.fields):
            if fields[name].type == "many2one" and fields[name].comodel_name == records._name:
                query = select_by(env[watch.model], "id", name, records._ids)
                found = env[watch.model].browse(id_ for id_, _same in env.execute_query(query))
                note_written(found, [{name: None}] * len(found), watch)


def note_changed(records, watch: Watch, before: dict[int, dict]) -> None:
    """Note records that SQL has changed; ``before`` are their stored values from before it."""
    memory, uid = memory_of(records.env, flush), records.env.uid
    for id_, values in before.items():
        entry = memory.entry(watch.model, id_, uid)
        entry.old = values | entry.old
