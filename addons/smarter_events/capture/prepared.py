"""Statements that PostgreSQL plans once a connection, because they run in everybody's transaction.

To plan a query of ``res_partner`` (thirty indexes) takes longer than to run it.
"""

from __future__ import annotations

import hashlib
from weakref import WeakKeyDictionary

_known: WeakKeyDictionary = WeakKeyDictionary()
"""By connection: the names prepared on it; None when statements cannot be kept there."""


class Prepared:
    """One query of an array of ids, written ``%s``.

    ``generation`` tells versions of the same text apart: after an upgrade its columns may be of
    other types, and PostgreSQL then refuses the old plan.
    """

    def __init__(self, text: str, generation: object = ""):
        digest = hashlib.sha256(f"{generation} {text}".encode()).hexdigest()[:24]
        self.text, self.name = text, f"smarter_{digest}"

    def execute(self, cr, ids: list[int], before: str = "") -> None:
        """Run it; ``before`` is SQL that goes ahead in the same round trip."""
        names = _names(cr)
        if names is None:
            cr.execute(before + self.text, [ids])
            return
        if self.name not in names:
            # A subquery hides the number of ids: else each call would be planned for its own.
            query = self.text % "(SELECT $1)::integer[]"
            cr.execute(f"PREPARE {self.name} (integer[]) AS {query}")
            names.add(self.name)
        cr.execute(f"{before}EXECUTE {self.name} (%s)", [ids])


def _names(cr) -> set[str] | None:
    connection = cr.connection
    if connection not in _known:
        # Behind a pooler (PgBouncer) the next transaction may meet another server process.
        cr.execute("SELECT pg_backend_pid()")
        direct = cr.fetchone()[0] == connection.get_backend_pid()
        _known[connection] = set() if direct else None
    return _known[connection]
