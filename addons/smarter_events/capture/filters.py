"""Which records meet a condition that a person wrote, as far as that person may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from odoo.fields import Domain


def matching(records, terms: Iterable[Any]):
    """Those of ``records`` that meet the condition, with the rights of their environment.

    A condition that leads to other records is put to the database, whose answer heeds the rules of
    access on the way: the ORM's memory may hold what others have read in this transaction.
    """
    domain = Domain(list(terms))
    if records.env.su or not leads_away(records, domain):
        return records.filtered_domain(domain)
    searched = records.with_context(active_test=False)
    found = set(searched.search(domain & Domain("id", "in", records.ids))._ids)
    return records.filtered(lambda record: record.id in found)


def leads_away(records, domain: Domain) -> bool:
    """Whether a condition is about anything but the records' own values."""
    for condition in domain.iter_conditions():
        field = records._fields.get(condition.field_expr.split(".")[0])
        if field is not None and field.relational:
            return True
    return False
