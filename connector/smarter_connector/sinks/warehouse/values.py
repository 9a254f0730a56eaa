"""Reading an event's ``data``: the value of a key in the type its column has, or a clear refusal.

The database would refuse too, but for the whole batch and in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

TEXT_MAX = 10_000
_BIGINT = 2**63 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Reader = Callable[[Any], Any]


class BadValue(ValueError):
    """``data`` does not hold what the warehouse needs; the message says where and what."""


def read(data: Any, path: str, reader: Reader) -> Any:
    """The value at a dotted ``path``; None where it is null, or an object on its way is.

    A missing key is an error, so that a renamed key never turns into empty columns; so is null
    for a ``path`` that ends in ``!``. Raises :class:`BadValue`.
    """
    path, required = path.removesuffix("!"), path.endswith("!")
    value = data
    for key in path.split("."):
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise BadValue(f"{path}: an object was expected, not {_shown(value)}")
        if key not in value:
            raise BadValue(f"{path}: missing")
        value = value[key]
    if value is None and not required:
        return None
    try:
        return reader(value)
    except BadValue as error:
        raise BadValue(f"{path}: {error}, not {_shown(value)}") from None


def text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > TEXT_MAX or _UNSTORABLE.search(value):
        raise BadValue(f"a text of at most {TEXT_MAX} characters was expected")
    return value


def integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _BIGINT:
        raise BadValue("a whole number was expected")
    return value


def key(value: Any) -> str:
    """An id as dashboards join on it: text."""
    return str(integer(value))


def number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _BIGINT:
        raise BadValue("a number was expected")
    return value


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue("true or false was expected")
    return value


def day(value: Any) -> str:
    return _moment(value, date.fromisoformat, "a date YYYY-MM-DD was expected")


def instant(value: Any) -> str:
    if isinstance(value, str) and not value.endswith("Z"):
        raise BadValue("an instant in UTC was expected")
    return _moment(value, datetime.fromisoformat, "an instant in UTC was expected")


def code(value: Any) -> int:
    """The SII's code of a document, ``"33"``; it is a small number in the warehouse."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit() and len(value) <= 3):
        raise BadValue("a document code such as 33 was expected")
    return int(value)


def many(reader: Reader) -> Reader:
    def read_all(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise BadValue("a list was expected")
        return [reader(item) for item in value]

    return read_all


def objects(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
        raise BadValue("a list of objects was expected")
    return list(value)


def _moment(value: Any, parse: Callable[[str], Any], problem: str) -> str:
    try:
        parse(value)
    except (TypeError, ValueError):
        raise BadValue(problem) from None
    return value


def _shown(value: Any) -> str:
    return repr(value)[:60]
