"""Before Odoo sees a request: which tenant it is for, and whether this server may serve it now."""

from __future__ import annotations

import re
from dataclasses import dataclass

from odoo import http

from . import hosts, pages
from .allowance import Allowance
from .connections import Unavailable
from .pages import Refusal
from .proxies import Proxies
from .routes import Route, Routes
from .visit import Visit, under_way

#: The database manager, under any prefix of a language, however many slashes.
CLOSED = re.compile(r"/+web/+database(/|$)", re.IGNORECASE)
#: Whether the process lives: no tenant, no database.
HEALTH = "/web/health"


@dataclass(frozen=True)
class Gate:
    routes: Routes
    proxies: Proxies
    allowance: Allowance
    release: str

    def enter(self, environ: dict) -> Visit | Refusal:
        """Settle what the request claims, and let it in or say how to refuse it."""
        forwarded = self.proxies.settle(environ)
        path = environ.get("PATH_INFO", "")
        address = environ.get("REMOTE_ADDR", "")
        if path == HEALTH:
            return Visit(None, address, path, forwarded)
        try:
            found = self._route(environ)
        except Unavailable:
            return pages.UNAVAILABLE
        if found is None:
            return pages.UNKNOWN_HOST
        return self._refusal(found, environ, path) or Visit(found, address, path, forwarded)

    def _route(self, environ: dict) -> Route | None:
        host = hosts.split(environ.get("HTTP_HOST", ""))
        found = self.routes.of_host(host[0]) if host else None
        if found:
            # Odoo builds links and compares origins with this.
            environ["HTTP_HOST"] = "".join(host)
        return found

    def _refusal(self, route: Route, environ: dict, path: str) -> Refusal | None:
        if CLOSED.search(path):
            return pages.CLOSED
        if environ.get("HTTP_X_ODOO_DATABASE", route.database) != route.database:
            return pages.UNKNOWN_HOST
        if not route.runs_on(self.release):
            return pages.MOVING
        if route.maintenance:
            return pages.MAINTENANCE
        return self.allowance.refusal(route) if pages.is_integration(path) else None


def install(gate: Gate) -> None:
    """Put the gate before Odoo's WSGI application."""
    stock = http.Application.__call__

    def guarded(application, environ, start_response):
        entered = gate.enter(environ)
        if isinstance(entered, Refusal):
            return entered.answer(environ, start_response)
        with under_way(entered):
            return stock(application, environ, start_response)

    http.Application.__call__ = guarded
