"""Subscriptions as the capture keeps them in memory."""

from __future__ import annotations

import logging
from ast import literal_eval
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from smarter_domain.events.catalogue import InvalidPattern, matches, parse_patterns

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """A subscription: its patterns, its company (None: all) and its filter, ready to evaluate.

    ``author_id`` is who wrote the filter (None: whoever wrote the row in SQL). ``broken`` says why
    the stored filter is no domain; each event then becomes a dead delivery.
    """

    id: int
    patterns: tuple[str, ...]
    company_id: int | None = None
    domain: tuple[Any, ...] = ()
    broken: str | None = None
    author_id: int | None = None


def read_wanted(cr) -> list[Wanted]:
    """The active subscriptions. Plain SQL: this may run in the middle of an ORM flush."""
    cr.execute(
        "SELECT id, patterns, company_id, filter_domain, author_id FROM smarter_subscription"
        " WHERE active ORDER BY id"
    )
    return [wanted for row in cr.fetchall() if (wanted := _wanted(*row))]


def wanted_by(wanted: Iterable[Wanted], type_name: str) -> tuple[Wanted, ...]:
    return tuple(
        one for one in wanted if any(matches(pattern, type_name) for pattern in one.patterns)
    )


def _wanted(
    id_: int, patterns: str, company_id: int | None, domain: str | None, author_id: int | None
) -> Wanted | None:
    try:
        parsed = parse_patterns(patterns)
    except InvalidPattern as error:
        # The form refuses this; a row written past it must not stop people from working.
        _logger.error("Subscription %s gets no events: %s", id_, error)
        return None
    terms, broken = parse_domain(domain)
    return Wanted(id_, parsed, company_id, terms, broken, author_id)


def parse_domain(text: str | None) -> tuple[tuple[Any, ...], str | None]:
    """Read a domain; answers (terms, None), or ((), why it is none)."""
    if not (text or "").strip():
        return (), None
    try:
        terms = literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        return (), f"The filter cannot be read: {error}"
    if not isinstance(terms, list | tuple):
        return (), "The filter is not a list of conditions."
    return tuple(terms), None
