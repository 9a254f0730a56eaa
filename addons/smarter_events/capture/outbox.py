"""The one statement that stores events, and the wake-up call that follows the commit."""

from __future__ import annotations

import json

from .documents import CLOSE
from .waking import wake

DATA_MAX = 1_000_000
"""Characters of JSON; a larger payload is stored dead, for no receiver would take it."""


def store(cr, documents: list[dict]) -> None:
    """Store ``documents`` and leave the savepoint in which they were built.

    This is the only step whose failure aborts the user's transaction: otherwise a change could be
    committed whose event is lost.
    """
    if not documents:
        cr.execute(CLOSE)
        return
    text = "[" + ",".join(_dumped(document) for document in documents) + "]"
    cr.execute(CLOSE + "; SELECT smarteros.enqueue(%s::jsonb)", [text])
    wake_after_commit(cr)


def _dumped(document: dict) -> str:
    try:
        text = _dump(document)
        if len(text) <= DATA_MAX:
            return text
        error = f"The payload has {len(text)} characters; {DATA_MAX} is the limit."
    except (TypeError, ValueError) as failure:
        error = f"The payload is no JSON: {failure}"
    return _dump(document | {"data": {}, "previous": {}, "state": "dead", "error": error})


def _dump(document: dict) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def wake_after_commit(cr) -> None:
    """Call the connector once this transaction has committed; a second call changes nothing."""
    data = cr.postcommit.data
    if "smarter_events.wake" not in data:
        data["smarter_events.wake"] = True
        dbname = cr.dbname
        cr.postcommit.add(lambda: (data.pop("smarter_events.wake", None), wake(dbname)))
