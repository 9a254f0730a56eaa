"""Failed logins, counted per account and per address, whichever door they come through.

Odoo counts per address and process, for web logins only. Every check of a password passes
``res.users._assert_can_auth``, RPC's as well, and every API key of JSON-2 passes
``ir.http._auth_method_bearer``: both are replaced here.
"""

from __future__ import annotations

import ipaddress
import logging
from contextlib import contextmanager
from dataclasses import dataclass

from werkzeug.exceptions import HTTPException, TooManyRequests, Unauthorized

from odoo.addons.base.models.ir_http import IrHttp
from odoo.addons.base.models.res_users import ResUsers
from odoo.exceptions import AccessDenied
from odoo.http import request

from . import counters, pages, visit
from .allowance import Allowance
from .counters import Counters
from .visit import Visit

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    """``failures`` are forgiven within a window of ``seconds``, the next attempt is not."""

    bucket: str
    failures: int
    seconds: int = 300


#: An account is guessed from many addresses; an office of many people has one.
ACCOUNT = Limit("login-account", 10)
ADDRESS = Limit("login-address", 60)


class TooManyAttempts(AccessDenied):
    """As any refused login for whoever guesses, with a word for whoever mistyped."""

    def __init__(self) -> None:
        super().__init__(pages.TOO_MANY_LOGINS)


@dataclass
class Attempt:
    """One login on its way. ``reserved``: it is counted already, before its outcome is known."""

    counters: Counters
    account: str
    address: str
    reserved: bool = False

    def begin(self) -> bool:
        """Whether it may be tried.

        As soon as somebody has failed, an attempt counts before it is made: a thousand at the same
        moment cannot all pass for the last one allowed.
        """
        if self._count(ADDRESS, self.address) >= ADDRESS.failures:
            return False
        if not self.account or not self._count(ACCOUNT, self.account):
            return True
        self.reserved = True
        hits = self.counters.hit(ACCOUNT.bucket, self.account, ACCOUNT.seconds)
        return hits <= ACCOUNT.failures

    def failed(self) -> None:
        self.counters.hit(ADDRESS.bucket, self.address, ADDRESS.seconds)
        if self.account and not self.reserved:
            self.counters.hit(ACCOUNT.bucket, self.account, ACCOUNT.seconds)

    def succeeded(self) -> None:
        """The account's owner is here; the address may be somebody else's as well."""
        if self.reserved:
            self.counters.forget(ACCOUNT.bucket, self.account)

    def _count(self, limit: Limit, key: str) -> int:
        return self.counters.count(limit.bucket, key, limit.seconds)


def attempt_of(found: Counters, here: Visit, login: str = "") -> Attempt:
    """Logins are the same whatever their case, and IPv6 addresses by the network of a customer."""
    account = counters.key_of(here.database, login.strip().lower()) if login else ""
    return Attempt(found, account, counters.key_of(_neighbourhood(here.address)))


def _neighbourhood(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    found = getattr(found, "ipv4_mapped", None) or found
    return str(found if found.version == 4 else ipaddress.ip_network((found, 64), strict=False))


def install(found: Counters, allowance: Allowance) -> None:
    """Replace Odoo's own cooldown for requests that came through the gate."""
    stock_assert = ResUsers._assert_can_auth
    stock_bearer = IrHttp.__dict__["_auth_method_bearer"].__func__

    @contextmanager
    def assert_can_auth(self, user=None):
        here = visit.current()
        if here is None:
            with stock_assert(self, user=user):
                yield
            return
        attempt = attempt_of(found, here, _login(self, user))
        if not attempt.begin():
            _note(here)
            raise TooManyAttempts()
        try:
            yield
        except AccessDenied:
            attempt.failed()
            raise
        attempt.succeeded()

    def auth_method_bearer(cls):
        here = visit.current()
        if here is None or not request.httprequest.headers.get("Authorization"):
            return stock_bearer(cls)
        attempt = attempt_of(found, here)
        if not attempt.begin():
            _note(here)
            raise _too_many_requests()
        try:
            stock_bearer(cls)
        except (AccessDenied, Unauthorized):
            attempt.failed()
            raise
        allowance.spend(here.route)

    ResUsers._assert_can_auth = assert_can_auth
    IrHttp._auth_method_bearer = classmethod(auth_method_bearer)


def _note(here: Visit) -> None:
    here.throttled = True
    text = "Login to %s from %s at %s refused: too many failures before it"
    _logger.warning(text, here.database, here.address, here.path)


def _login(users, user) -> str:
    """The login that is tried. RPC names users by their id; the account is the same."""
    if isinstance(user, int):
        users.env.cr.execute("SELECT login FROM res_users WHERE id = %s", [user])
        row = users.env.cr.fetchone()
        return row[0] if row else str(user)
    return str(user or "")


def _too_many_requests() -> HTTPException:
    return TooManyRequests(
        pages.TOO_MANY_LOGINS, retry_after=counters.rest_of_window(ADDRESS.seconds)
    )
