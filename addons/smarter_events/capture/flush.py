"""What happens when Odoo flushes the cursor: at commit, and at every flushing savepoint."""

from __future__ import annotations

from .documents import Firing, build_documents
from .memory import Memory
from .moving import GONE, departure, is_told_of_move
from .observe import observe
from .outbox import store
from .triggers import Change
from .watch import Watch


def flush(env, memory: Memory) -> None:
    """Store the events of what was noted since the last flush, in one statement."""
    env = env(su=True, context={})
    env.flush_all()  # earlier hooks may have written; the comparison reads the database
    watches = env["smarter.outbox"]._watches()
    changes = observe(env, memory, watches)
    firings = [firing for change in changes for firing in _all_fired(env, change, watches)]
    if firings:
        store(env.cr, build_documents(env, firings))


def _all_fired(env, change: Change, watches: dict[str, Watch]) -> list[Firing]:
    left = departure(env, change, watches[change.model])
    if left is None:
        return fired(change, watches)
    gone = [firing for firing in fired(left, watches) if firing.route.type.name == GONE]
    return gone + fired(change, watches, moved=True)


def fired(change: Change, watches: dict[str, Watch], moved: bool = False) -> list[Firing]:
    """The types that a change sets off, less those absorbed by another one of them."""
    routes = [
        route
        for route in watches[change.model].routes
        if route.type.trigger.fires(change) or (moved and is_told_of_move(route))
    ]
    names = {route.type.name for route in routes}
    return [
        Firing(route, change)
        for route in routes
        if route.subscriptions and names.isdisjoint(route.type.absorbed_by)
    ]
