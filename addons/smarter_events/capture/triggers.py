"""What makes an event happen. Triggers compare stored values, as PostgreSQL gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Change:
    """What a flush found to be different of one record.

    ``old`` are the first stored values before it, ``new`` those after it, ``changed`` the fields
    that differ. ``touched`` are labels of related records that changed, ``sources`` their changes.
    """

    model: str
    id: int
    user_id: int
    created: bool = False
    deleted: bool = False
    old: dict[str, Any] = field(default_factory=dict)
    new: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    sources: list[Change] = field(default_factory=list)
    built: dict[str, Any] = field(default_factory=dict)

    @property
    def aggregate(self) -> str:
        return f"{self.model}/{self.id}"

    @property
    def changed_names(self) -> list[str]:
        """Field names for ``changed``; labels that begin with ``_`` are for triggers alone."""
        return sorted(name for name in self.touched.union(self.changed) if name[0] != "_")

    def before(self, name: str) -> Any:
        """The value that ``name`` had before; of a new record, None."""
        return self.changed.get(name, None if self.created else self.new.get(name))


@dataclass(frozen=True, kw_only=True)
class Relay:
    """Changes of another model that count as changes of ours.

    Either the other record names ours in its column ``up`` (a line its order), or ours names it in
    the column ``down`` (a variant its template). ``label`` stands in ``changed`` for it; without
    a label its own field names do.
    """

    model: str
    fields: frozenset[str]
    up: str | None = None
    down: str | None = None
    label: str | None = None

    def labels(self, changed) -> set[str]:
        """What a change of the other record's fields ``changed`` is called here."""
        return {self.label} if self.label else self.fields.intersection(changed)

    def is_told(self, touched: set[str]) -> bool:
        return not touched.isdisjoint({self.label} if self.label else self.fields)


@dataclass(frozen=True)
class Created:
    fields: frozenset[str] = frozenset()
    relays: tuple[Relay, ...] = ()

    def fires(self, change: Change) -> bool:
        return change.created


@dataclass(frozen=True)
class Deleted:
    fields: frozenset[str] = frozenset()
    relays: tuple[Relay, ...] = ()

    def fires(self, change: Change) -> bool:
        return change.deleted


@dataclass(frozen=True)
class Changes:
    """Any of the fields differs, or a related record does. ``born``: being created counts too."""

    fields: frozenset[str]
    relays: tuple[Relay, ...] = ()
    born: bool = False

    def fires(self, change: Change) -> bool:
        if change.created or change.deleted:
            return change.created and self.born
        if not self.fields.isdisjoint(change.changed):
            return True
        return any(relay.is_told(change.touched) for relay in self.relays)


@dataclass(frozen=True)
class Reaches:
    """A field enters a set of values; a record born with one of them enters it too."""

    field: str
    values: frozenset[Any]
    relays: tuple[Relay, ...] = ()

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.field})

    def fires(self, change: Change) -> bool:
        if change.deleted or change.new.get(self.field) not in self.values:
            return False
        return change.created or (
            self.field in change.changed and change.changed[self.field] not in self.values
        )


@dataclass(frozen=True)
class Leaves:
    """A field leaves a set of values."""

    field: str
    values: frozenset[Any]
    relays: tuple[Relay, ...] = ()

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.field})

    def fires(self, change: Change) -> bool:
        return (
            not change.deleted
            and self.field in change.changed
            and change.changed[self.field] in self.values
            and change.new[self.field] not in self.values
        )


Trigger = Created | Deleted | Changes | Reaches | Leaves
