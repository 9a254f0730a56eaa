"""The one statement that stores events, and the wake-up call that follows the commit."""

from __future__ import annotations

import json
from typing import Any

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
    text = "[" + ",".join(dumped(document) for document in documents) + "]"
    cr.execute(CLOSE + "; SELECT smarteros.enqueue(%s::jsonb)", [text])
    wake_after_commit(cr)


def dumped(document: dict) -> str:
    """The document as JSON that PostgreSQL takes; dead, and without data, if it can be none."""
    try:
        text = _dump(document)
        if _is_refused(text):
            document = _cleaned(document)
            text = _dump(document)
        if len(text) <= DATA_MAX:
            return text
        error = f"The payload has {len(text)} characters; {DATA_MAX} is the limit."
    except (TypeError, ValueError, RecursionError) as failure:
        error = f"The payload is no JSON: {failure}"
    dead = {"data": {}, "previous": {}, "state": "dead", "error": error}
    return _dump(_cleaned(document | dead))


def _dump(document: dict) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _is_refused(text: str) -> bool:
    """Whether it may hold a NUL or half of a surrogate pair, which jsonb does not take."""
    if "\\u0000" in text:
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _cleaned(value: Any) -> Any:
    """The same without those characters, wherever in it they stand."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list | tuple) else value


def wake_after_commit(cr) -> None:
    """Call the connector once this transaction has committed; a second call changes nothing."""
    data = cr.postcommit.data
    if "smarter_events.wake" not in data:
        data["smarter_events.wake"] = True
        dbname = cr.dbname
        cr.postcommit.add(lambda: (data.pop("smarter_events.wake", None), wake(dbname)))
