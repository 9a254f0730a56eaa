"""One request on its way through this server: which tenant it is for, and who asks."""

from __future__ import annotations

import contextvars
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import pages
from .routes import Route


@dataclass
class Visit:
    """``route`` is None where no tenant is meant, and then no database can be reached.

    ``throttled`` is set when a login was refused because of too many failures before it,
    ``identified`` when a call by RPC proved whose it is.
    """

    route: Route | None
    address: str
    path: str
    forwarded: bool = False
    throttled: bool = False
    identified: bool = False
    reference: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def database(self) -> str | None:
        return self.route.database if self.route else None

    @property
    def integration(self) -> bool:
        """Whether a program of the tenant calls, as opposed to its web client."""
        return pages.is_integration(self.path)


# RPC takes Odoo's own request from its stack before it dispatches, so ours is kept apart.
_current: contextvars.ContextVar[Visit | None] = contextvars.ContextVar("visit", default=None)


def current() -> Visit | None:
    """The visit this code works for; None in crons, in the shell and on the command line."""
    return _current.get()


@contextmanager
def under_way(visit: Visit) -> Iterator[Visit]:
    token = _current.set(visit)
    try:
        yield visit
    finally:
        _current.reset(token)
