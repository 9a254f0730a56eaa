"""Records that move to a company of another RUT: to the one they leave, they are gone."""

from __future__ import annotations

from dataclasses import replace

from .triggers import Change, Changes
from .watch import Route, Watch

GONE = "record.deleted"


def departure(env, change: Change, watch: Watch) -> Change | None:
    """The change as the RUT sees it that no longer has the record; None when it has not moved."""
    moved = next((one for one in (change, *change.sources) if "company_id" in one.changed), None)
    if moved is None or change.created or change.deleted:
        return None
    before, sender = moved.changed["company_id"], env["smarter.outbox"]._sender
    if sender(before).rut == sender(moved.new["company_id"]).rut:
        return None
    name = change.old.get(watch.rec_name) or env[change.model].browse(change.id).display_name
    old = change.old | {"company_id": before, "__name__": name}
    return replace(change, deleted=True, old=old, new={}, changed={}, touched=set())


def is_told_of_move(route: Route) -> bool:
    """Whether a move is a change for this type, whatever it watches: the new RUT has the record."""
    return isinstance(route.type.trigger, Changes) and not route.type.author_id
