"""What a transaction has touched since the last flush of its cursor.

It lives in ``cr.precommit.data``, so a rollback to a flushing savepoint forgets it. A savepoint
made with ``flush=False`` does not: whatever stands here is compared with the database again before
anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KEY = "smarter_events.memory"


@dataclass(slots=True)
class Entry:
    """One record. ``old`` are its first stored values, ``written`` the fields written since."""

    user_id: int
    created: bool = False
    deleted: bool = False
    old: dict[str, Any] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    sources: list[Any] = field(default_factory=list)
    built: dict[str, Any] = field(default_factory=dict)


class Memory(dict):
    """Model name -> {record id: Entry}."""

    def entry(self, model: str, id_: int, user_id: int) -> Entry:
        entries = self.setdefault(model, {})
        entry = entries.get(id_)
        if entry is None:
            entry = entries[id_] = Entry(user_id)
        return entry


def memory_of(env, on_flush) -> Memory:
    """The memory of this cursor; the first one asks Odoo to call ``on_flush(env, memory)``."""
    data = env.cr.precommit.data
    memory = data.get(KEY)
    if memory is None:
        memory = data[KEY] = Memory()
        env.cr.precommit.add(lambda: on_flush(env, data.pop(KEY, {})))
    return memory
