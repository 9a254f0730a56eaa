"""Amounts, days and names as a Chilean reader expects them, safe to stand in a Chatwoot note."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Santiago")
NAME_LENGTH = 120
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#~|!])")
_MENTION = re.compile("mention:", re.IGNORECASE)
_SWAP = str.maketrans({"{": "(", "}": ")"})


def amount(value: Any, currency: str | None = "CLP") -> str:
    """``$1.234.567`` for pesos, ``USD 1.234,56`` for others, empty for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    places = Decimal(1) if currency in (None, "CLP") else Decimal("0.01")
    number = Decimal(str(value)).quantize(places, ROUND_HALF_UP)
    sign = "-" if number < 0 else ""
    digits = f"{abs(number):,}".translate(str.maketrans(",.", ".,"))
    return f"{sign}${digits}" if places == 1 else f"{sign}{plain(currency)} {digits}"


def day(value: Any) -> str:
    """``22-11-2026`` of a date, or of an instant as the day it was in Chile; empty for neither."""
    found = iso_day(value)
    return "-".join(reversed(found.split("-"))) if found else ""


def iso_day(value: Any) -> str:
    """``2026-11-22`` of a date or of a UTC instant (its day in Chile), else empty."""
    if not isinstance(value, str):
        return ""
    try:
        if len(value) == 10:
            return date.fromisoformat(value).isoformat()
        return datetime.fromisoformat(value).astimezone(ZONE).date().isoformat()
    except (ValueError, OverflowError):
        return ""


def plain(value: Any) -> str:
    """Text of a record inside a note: one line, cut, and nothing that Chatwoot would act on.

    Notes are Markdown, run through Liquid, and ``mention://`` links notify people: a customer must
    not reach any of that through the name of a product.
    """
    text = " ".join(str(value or "").split())[:NAME_LENGTH].translate(_SWAP)
    return _MARKDOWN.sub(r"\\\1", _MENTION.sub("mention ", text))
