"""Build what ``smarteros.enqueue`` stores: one document per event, with whom it goes to."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg2 import OperationalError

from odoo import SUPERUSER_ID

from .declaration import Batch
from .filters import matching
from .subscriptions import Wanted
from .triggers import Change
from .values import plain
from .watch import Route

_logger = logging.getLogger(__name__)
OPEN = "SAVEPOINT smarter_events"
REWIND = "ROLLBACK TO SAVEPOINT smarter_events"
CLOSE = "RELEASE SAVEPOINT smarter_events"


@dataclass(frozen=True, slots=True)
class Firing:
    """A type that a change sets off."""

    route: Route
    change: Change


class Broken(Exception):
    """A filter or a payload that could not be evaluated; the text is kept with the event."""


def build_documents(env, firings: Iterable[Firing], origin: str = "capture") -> list[dict]:
    """Documents in the order of the changes; a firing that nobody wants gives none.

    Runs inside a savepoint that :func:`outbox.store` releases, because a builder's SQL error must
    not poison the user's transaction. Nothing is written in it.
    """
    env.cr.execute(OPEN)
    outbox, memo, documents = env["smarter.outbox"], {}, {}
    groups = defaultdict(list)
    for firing in firings:
        groups[firing.route, _company_of(env, firing)].append(firing.change)
    for (route, company_id), changes in groups.items():
        sender = outbox._sender(company_id)
        subscriptions = [one for one in route.subscriptions if sender.serves(one.company_id)]
        if subscriptions and sender.serves(route.type.only_company_id):
            records = _records(env, route, sender, changes)
            batch = Batch(
                records,
                {change.id: change for change in changes},
                sender,
                memo.setdefault(company_id, {}),
            )
            built = _Builder(route, batch, subscriptions).build()
            for id_, document in built.items():
                document.update(company_id=company_id, rut=sender.rut, origin=origin)
                documents[route.type.name, id_] = document
    order = [(firing.route.type.name, firing.change.id) for firing in firings]
    return [documents[key] for key in order if key in documents]


def _company_of(env, firing: Firing) -> int | None:
    """The company an event belongs to; None for a record that all companies share."""
    declared, change = firing.route.type, firing.change
    if declared.company:
        return declared.company(change)
    values = change.new or change.old
    if "company_id" in values or change.deleted:
        return values.get("company_id")
    return company_id_of(env[change.model].browse(change.id))


def company_id_of(record) -> int | None:
    return record.company_id.id or None if "company_id" in record._fields else None


def _records(env, route: Route, sender, changes: list[Change]):
    """The records as the builders see them: the author's rights, or sudo for shipped types."""
    return env_of(env, route, sender)[route.type.model].browse([change.id for change in changes])


def env_of(env, route: Route, sender):
    """Sudo for shipped types: what they send is declared in code, and must not depend on who
    caused it. Never for an administrator's type: it sends no more than its author may see."""
    author_id, allowed = route.type.author_id, sender.allowed
    if author_id:
        allowed = _companies_of(env, author_id, allowed)
    context = {"lang": sender.lang}
    if allowed:
        context["allowed_company_ids"] = list(allowed)
    return env(user=author_id or SUPERUSER_ID, su=not author_id, context=context)


def _companies_of(env, user_id: int, allowed: Iterable[int]) -> list[int]:
    theirs = env["res.users"].browse(user_id)._get_company_ids()
    return [id_ for id_ in allowed if id_ in theirs]


def _as_author(one: Wanted, records):
    """Those of the records that who wrote the filter may read, with that person's rights: a filter
    must not tell them what they cannot see."""
    if not one.author_id:
        return records.sudo()
    context = dict(records.env.context)
    allowed = _companies_of(records.env, one.author_id, context.pop("allowed_company_ids", ()))
    if allowed:
        context["allowed_company_ids"] = allowed
    theirs = records.with_env(records.env(user=one.author_id, su=False, context=context))
    theirs.browse().check_access("read")
    return theirs._filtered_access("read")


class _Builder:
    """One type for one company: tries all records together, then one by one if that fails."""

    def __init__(self, route: Route, batch: Batch, subscriptions: list[Wanted]):
        self.route, self.type, self.batch = route, route.type, batch
        self.subscriptions, self.cr = subscriptions, batch.env.cr

    def build(self) -> dict[int, dict]:
        try:
            return self._build(self.batch)
        except OperationalError:
            raise  # Odoo repeats the transaction
        except Exception:
            self._rewind()
            built = {}
            for record in self.batch.records:
                built.update(self._build_one(self.batch.of(record)))
            return built

    def _build_one(self, batch: Batch) -> dict[int, dict]:
        try:
            return self._build(batch)
        except OperationalError:
            raise
        except Exception as error:
            # Whatever failed, the person's work goes on: the event is stored dead, and shown.
            aggregate = f"{batch.records._name}/{batch.records.id}"
            _logger.warning("%s of %s is dead", self.type.name, aggregate, exc_info=True)
            self._rewind()
            return {batch.records.id: self._dead(batch.records.id, error)}

    def _build(self, batch: Batch) -> dict[int, dict]:
        records = self._picked(batch)
        if not records:
            return {}
        batch = batch.of(records)
        takers = self._takers(records)
        wanted = records.filtered(lambda record: any(takers[record.id]))
        if not wanted:
            return {}
        data = self.type.build(batch.of(wanted))
        return {id_: self._document(id_, data[id_], *takers[id_]) for id_ in data}

    def _picked(self, batch: Batch):
        if self.type.when:
            kept = [r.id for r in batch.records if self.type.when(r, batch.changes[r.id])]
            batch = batch.of(batch.records.browse(kept))
        return self.type.pick(batch) if self.type.pick else batch.records

    def _takers(self, records) -> dict[int, tuple[list[int], dict[int, str]]]:
        """By record: the subscriptions that get it, and those whose filter failed, with why."""
        takers = {id_: ([], {}) for id_ in records._ids}
        for one in self.subscriptions:
            passed, broken = self._filtered(one, records)
            for id_ in records._ids:
                if id_ in passed:
                    takers[id_][0].append(one.id)
                elif broken:
                    takers[id_][1][one.id] = broken
        return takers

    def _filtered(self, one: Wanted, records) -> tuple[set[int], str | None]:
        if one.broken:
            return set(), one.broken
        gone = any(change.deleted for change in self.batch.changes.values())
        if not one.domain or gone:  # of a deleted record nothing is left to filter by
            return set(records._ids), None
        try:
            return set(matching(_as_author(one, records), one.domain)._ids), None
        except OperationalError:
            raise
        except Exception as error:
            _logger.warning("Filter of subscription %s failed", one.id, exc_info=True)
            self._rewind()
            return set(), f"The filter failed: {error}"

    def _document(self, id_: int, data: dict, takers: list[int], broken: dict) -> dict[str, Any]:
        change = self.batch.changes[id_]
        document = self._reference(id_)
        if self.batch.sender.mixed:
            data |= dict.fromkeys(self.type.figures)
        document["data"] = data
        if self.type.customer:
            document["customer"] = self.type.customer(self.batch, self.batch.records.browse(id_))
        document["previous"] = {
            name: plain(self.batch.records._fields[name], value, self.batch.env)
            for name, value in change.changed.items()
            if self._may_tell(name)
        }
        document["subscriptions"] = [*takers, *broken]
        if broken:
            document["dead"] = broken
        return document

    def _may_tell(self, name: str) -> bool:
        """Whether the old value of a field may be sent: other types may watch more fields."""
        if self.batch.sender.mixed and self.batch.records._fields[name].company_dependent:
            return False
        return self.type.tells is None or name in self.type.tells

    def _dead(self, id_: int, error: Exception) -> dict[str, Any]:
        subscriptions = [one.id for one in self.subscriptions]
        message = f"{type(error).__name__}: {error}"
        return self._reference(id_) | {
            "state": "dead",
            "error": message[:2000],
            "subscriptions": subscriptions,
        }

    def _reference(self, id_: int) -> dict[str, Any]:
        change = self.batch.changes[id_]
        return {
            "type": self.type.name,
            "schema_version": self.type.schema_version,
            "model": change.model,
            "res_id": id_,
            "aggregate": change.aggregate,
            "user_id": change.user_id,
            "absorbed_by": list(self.type.absorbed_by),
        }

    def _rewind(self) -> None:
        self.cr.execute(REWIND)
