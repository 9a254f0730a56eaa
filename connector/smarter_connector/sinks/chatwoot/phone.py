"""Telephone numbers as Chatwoot wants them: E.164, else it refuses the contact."""

from __future__ import annotations

import re

import phonenumbers

REGION = "CL"
"""Country of numbers written without one. Never the contact's country: events name it only
sometimes, and the same number must always give the same result."""

MAX_LENGTH = 250
_SEVERAL = re.compile(r"[/,;|\n]|\s+[oyO]\s+")
_E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)


def to_e164(text: object) -> str | None:
    """``"9 8765 4321"`` is ``"+56987654321"``; None for what is no valid number.

    Of several numbers in one field the first valid one counts; extensions are dropped.
    """
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        return None
    found = (_one(part) for part in (text, *_SEVERAL.split(text)))
    return next((number for number in found if number), None)


def _one(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written if _E164.fullmatch(written) else None
