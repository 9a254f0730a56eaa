"""``/xmlrpc`` and ``/jsonrpc``: open for the tenant's own database, under the rules of the rest.

Odoo takes the database from the arguments of the call and asks no filter about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import odoo.service.common
import odoo.service.model
from odoo.addons.base.models.res_users import ResUsers
from odoo.exceptions import AccessDenied

from . import visit
from .allowance import Allowance
from .throttle import TooManyAttempts
from .visit import Visit

#: Methods of the "common" service, and whether their first argument is a database.
COMMON = {"version": False, "about": False, "login": True, "authenticate": True}


def install(allowance: Allowance) -> None:
    """Replace the two dispatchers; local code (no visit) keeps Odoo's."""
    stock_common, stock_object = odoo.service.common.dispatch, odoo.service.model.dispatch

    def common(method, params):
        here = visit.current()
        return _common(stock_common, here, method, params) if here else stock_common(method, params)

    def model(method, params):
        here = visit.current()
        if here is None:
            return stock_object(method, params)
        _require_own(here, params)
        try:
            return stock_object(method, params)
        finally:
            # A call that fails is a call; a stranger's is none.
            if here.identified:
                allowance.spend(here.route)

    odoo.service.common.dispatch, odoo.service.model.dispatch = common, model
    ResUsers._check_uid_passwd = _unexpired(ResUsers._check_uid_passwd)


def _common(stock: Callable, here: Visit, method: str, params: Sequence):
    if method not in COMMON:
        raise AccessDenied()
    if COMMON[method]:
        _require_own(here, params)
        params = _without_location(params)
    result = stock(method, params)
    if here.throttled:
        # Odoo answers False to any refused login; this one is worth another word.
        raise TooManyAttempts()
    return result


def _require_own(here: Visit, params: Sequence) -> None:
    """The same answer for the database of another tenant and for one that does not exist."""
    if here.database is None or not params or params[0] != here.database:
        raise AccessDenied()


def _without_location(params: Sequence) -> list:
    """A caller may not decide where the links of the tenant's mails lead (``web.base.url``)."""
    return [
        {key: value for key, value in part.items() if key != "base_location"}
        if isinstance(part, dict)
        else part
        for part in params
    ]


def _unexpired(stock: Callable) -> Callable:
    """Odoo remembers that a key was right, and forgets to look whether it still is."""

    def check_uid_passwd(self, uid, passwd):
        stock(self, uid, passwd)
        if (here := visit.current()) is None:
            return
        self.env.cr.execute(
            "SELECT 1 FROM res_users_apikeys WHERE user_id = %s AND index = %s"
            " AND expiration_date < now() AT TIME ZONE 'utc'",
            [uid, str(passwd)[:8]],
        )
        if self.env.cr.fetchone():
            stock.__wrapped__(self, uid, passwd)
        here.identified = True

    return check_uid_passwd
