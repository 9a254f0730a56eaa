"""Compare what was noted with the database, and pass changes on to related records."""

from __future__ import annotations

from .memory import Entry, Memory
from .triggers import Change
from .watch import Target, Watch, stored_values


def observe(env, memory: Memory, watches: dict[str, Watch]) -> list[Change]:
    """The changes that really stand in the database, records that pass changes on first."""
    found = []
    noted = [model for model in memory if model in watches]
    for model in sorted(noted, key=lambda model: not watches[model].targets):
        changes = _compare(env, watches[model], memory.pop(model))
        for target in watches[model].targets:
            _pass_on(env, target, changes, memory)
        found.extend(changes)
    for model in [model for model in memory if model in watches]:  # touched by others only
        found.extend(_compare(env, watches[model], memory.pop(model)))
    return found


def _compare(env, watch: Watch, entries: dict[int, Entry]) -> list[Change]:
    current = stored_values(env.cr, watch, list(entries))
    changes, stale = [], []
    for id_, entry in entries.items():
        now = current.get(id_)
        change = _change(watch, id_, entry, now)
        if change is not None:
            changes.append(change)
            if any(name not in change.changed for name in entry.written) and not entry.created:
                stale.append(id_)
    if stale:
        # Written, yet the database does not have it: a savepoint may have been rolled back
        # behind the ORM's cache, from which the payload is read.
        env[watch.model].browse(stale).invalidate_recordset(flush=False)
    return changes


def _change(watch: Watch, id_: int, entry: Entry, now: dict | None) -> Change | None:
    """What became of one record, or None when nothing did (or when a rollback undid it)."""
    if now is None:
        if not entry.deleted or entry.created:
            return None
        return Change(
            watch.model, id_, entry.user_id, deleted=True, old=entry.old, built=entry.built
        )
    change = Change(watch.model, id_, entry.user_id, created=entry.created, new=now)
    change.touched, change.sources, change.old = entry.touched, entry.sources, entry.old
    if not entry.created:
        change.changed = {
            name: entry.old[name]
            for name in watch.fields
            if name in entry.old and entry.old[name] != now[name]
        }
        if not change.changed and not change.touched:
            return None
    return change


def _pass_on(env, target: Target, changes: list[Change], memory: Memory) -> None:
    relay = target.relay
    relevant = [change for change in changes if _counts(relay, change)]
    if not relevant:
        return
    for id_, change in _receivers(env, target, relevant):
        entry = memory.entry(target.model, id_, change.user_id)
        entry.sources.append(change)
        entry.touched.update(relay.labels(change.changed))


def _counts(relay, change: Change) -> bool:
    if change.created or change.deleted:
        return relay.up is not None
    return not relay.fields.isdisjoint(change.changed)


def _receivers(env, target: Target, changes: list[Change]):
    """Pairs (id of the record that counts as changed, change)."""
    relay = target.relay
    if relay.up:
        pairs = {
            (values[relay.up], change.id): change
            for change in changes
            for values in (change.old, change.new)
            if values.get(relay.up)
        }
        return [(receiver, change) for (receiver, _), change in pairs.items()]
    by_id = {change.id: change for change in changes}
    table = env[target.model]._table
    query = f'SELECT id, "{relay.down}" FROM "{table}" WHERE "{relay.down}" = ANY (%s)'
    env.cr.execute(query, [list(by_id)])
    return [(receiver, by_id[source]) for receiver, source in env.cr.fetchall()]
