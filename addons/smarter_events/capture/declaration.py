"""How a type of event is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .senders import Currency, Sender
from .triggers import Change, Trigger


@dataclass
class Batch:
    """Records of one type and one company, to be described together.

    ``records`` are read with sudo in the record's company and in es_CL: the payload goes to the
    tenant's own systems, whoever caused it, so it must not depend on that person's rights.
    ``changes`` maps the id of a record to what changed; a backfill has none. ``sender`` says in
    whose name the events leave. ``memo`` is shared by the batches of a flush.
    """

    records: Any
    changes: Mapping[int, Change]
    sender: Sender
    memo: dict[Any, Any] = field(default_factory=dict)

    @property
    def env(self):
        return self.records.env

    @property
    def scope(self) -> tuple[int, ...]:
        """Ids of the companies under the event's RUT."""
        return self.sender.scope

    @property
    def currency(self) -> Currency:
        return self.sender.currency

    def of(self, records) -> Batch:
        """The same, for some of the records."""
        return replace(self, records=records)


@dataclass(frozen=True, kw_only=True, eq=False)
class Declaration:
    """A type: when it fires and how its ``data`` is built.

    ``build`` answers the data by record id. ``when`` is asked with (record, change) after the
    trigger fired; ``pick`` instead narrows a whole batch. ``absorbed_by`` names types that make
    this one superfluous in the same transaction. ``company`` says whose an event is that is not
    simply the record's. ``author_id`` is set for administrators' types: they are read with that
    user's rights; ``only_company_id`` may narrow them. ``backfill`` selects the records to capture
    again, as an Odoo domain; None: never. ``figures`` are keys of the data that concern one
    company: of a record that several RUTs share they are null, lest one reads the other's.
    ``customer`` answers, of a batch and one of its records, what ``smarteros.customer_figures`` is
    asked when the event is stored: its answer joins the data. ``tells`` are the fields whose old
    values may be sent; None: all that are watched.
    """

    name: str
    model: str
    trigger: Trigger
    build: Callable[[Batch], dict[int, dict[str, Any]]]
    when: Callable[[Any, Change], bool] | None = None
    pick: Callable[[Batch], Any] | None = None
    absorbed_by: tuple[str, ...] = ()
    author_id: int | None = None
    backfill: tuple[Any, ...] | None = None
    company: Callable[[Change], int | None] | None = None
    only_company_id: int | None = None
    schema_version: int = 1
    figures: tuple[str, ...] = ()
    customer: Callable[[Batch, Any], dict[str, Any]] | None = None
    tells: frozenset[str] | None = None
