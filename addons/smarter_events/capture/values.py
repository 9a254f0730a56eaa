"""Values as in payloads: days of Chile, instants in UTC, whole pesos, null for what is absent."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

SANTIAGO = ZoneInfo("America/Santiago")
UTC = ZoneInfo("UTC")


def instant(value: datetime | None) -> str | None:
    """A stored (UTC) date and time as ``2026-11-22T15:00:00Z``."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def day(value: date | datetime | None) -> str | None:
    """A date as it is, or the day that a stored (UTC) instant falls on in Chile."""
    if isinstance(value, datetime):
        value = value.replace(tzinfo=UTC).astimezone(SANTIAGO).date()
    return value.isoformat() if value else None


def money(amount: float | None, currency) -> int | float | None:
    """An amount in ``currency`` (res.currency): an integer when that has no decimals."""
    if amount is None:
        return None
    rounded = currency.round(amount)
    return int(round(rounded)) if currency.decimal_places == 0 else rounded


def text(value: Any) -> str | None:
    return value or None


def plain(field, value: Any, env) -> Any:
    """A stored value (as PostgreSQL gave it) as JSON; of translations, the one in use."""
    if isinstance(value, dict) and field.company_dependent:
        value = value.get(str(env.company.id))
    elif isinstance(value, dict) and field.translate:
        value = value.get(env.lang or "en_US", value.get("en_US"))
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool | dict | list):
        return value
    return str(value)
