"""``/smarter/ready``: whether this server serves this tenant well. Beside Odoo's ``/web/health``,
which only says that the process lives."""

from __future__ import annotations

import hmac

from odoo import http
from odoo.http import request


class Ready(http.Controller):
    @http.route(
        "/smarter/ready", type="http", auth="none", methods=["GET"], save_session=False,
        readonly=True,
    )  # fmt: skip
    def ready(self):
        """200 or 503 and a status; the checks behind it for monitors only."""
        from .. import guard, readiness, visit

        found, here = guard.installed(), visit.current()
        if found is None or here is None or here.route is None:
            raise request.not_found()
        report = readiness.report(request.env, here.route, found.routes)
        facts = report.facts() if _may_read(found, here) else {"status": report.status}
        headers = [("Cache-Control", "no-store"), ("X-Robots-Tag", "noindex")]
        return request.make_json_response(facts, headers, status=report.http_status)


def _may_read(found, here) -> bool:
    """A monitor's address, seen directly or told by a trusted proxy; or whoever has the token."""
    from ..settings import within

    direct = found.settings.proxy_mode or not here.forwarded
    if direct and within(here.address, found.monitors):
        return True
    token = found.settings.ready_token()
    given = request.httprequest.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
