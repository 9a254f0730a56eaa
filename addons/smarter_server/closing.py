"""The last resort: a server whose guard could not be built answers nobody."""

from __future__ import annotations

from odoo import http

BODY = b"Service Unavailable: see the log of the server.\n"
HEADERS = [
    ("Content-Type", "text/plain"),
    ("Content-Length", str(len(BODY))),
    ("Cache-Control", "no-store"),
    ("Retry-After", "60"),
]


def shut() -> None:
    """Answer every request with 503 and visit no database by cron."""
    from odoo.service import server

    http.Application.__call__ = _refuse
    server.cron_database_list = list


def _refuse(application, environ, start_response):
    start_response("503 Service Unavailable", HEADERS)
    return [BODY]
