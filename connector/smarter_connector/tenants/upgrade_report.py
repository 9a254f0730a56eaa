"""What an upgrade of several tenants tells: while it runs, and at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from smarter_connector.registry import TenantRow

State = Literal["upgraded", "switched", "unchanged", "failed", "skipped"]


@dataclass(frozen=True)
class Outcome:
    """What became of one tenant. ``switched``: its modules are the same in both releases."""

    tenant: int
    slug: str
    rut: str
    state: State
    modules: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str = ""
    restore_point: str = ""


@dataclass(frozen=True)
class Report:
    """``jobs`` is how many were upgraded at once; outcomes are in the order of their ends."""

    release: str
    jobs: int
    seconds: float
    outcomes: tuple[Outcome, ...]

    def of(self, *states: State) -> list[Outcome]:
        return [one for one in self.outcomes if one.state in states]

    @property
    def failed(self) -> bool:
        return bool(self.of("failed"))

    @property
    def partly(self) -> bool:
        """Some tenants run the release now, others were to and do not."""
        return self.failed and bool(self.of("upgraded", "switched", "unchanged"))


class Watch(Protocol):
    """Is told how an upgrade goes; its methods are called from several threads."""

    def began(self, total: int) -> None: ...

    def told(self, tenant: TenantRow, text: str) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...


class Unwatched:
    def began(self, total: int) -> None: ...

    def told(self, tenant: TenantRow, text: str) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...
