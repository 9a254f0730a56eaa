"""The sandbox's own interface: look at what arrived, give keys, make trouble, start afresh.

===========================  ======================================================================
GET  /_sandbox/events        events of n8n, oldest first: ``after`` (position), ``limit`` (1000)
GET  /_sandbox/state         counts of all, contacts with notes, faults still to come
PUT  /_sandbox/keys          ``{"keys": ["whsec_..."], "path": "eventos"}``; without path: for all
PUT  /_sandbox/settings      ``webhooks`` (list or null), ``chatwoot_token``, ``metabase_api_key``,
                             ``open_conversations``
GET, PUT, POST, DELETE       /_sandbox/faults: show, replace, add ``{"faults": [...]}``, clear
POST /_sandbox/reset         ``{"target": "chatwoot"}`` or empty for all; faults are cleared too
===========================  ======================================================================

Keys and tokens go in and never come out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from smarter_connector.sandbox.faults import Fault, InvalidFault
from smarter_connector.sandbox.page import render
from smarter_domain.events.signature import InvalidKey

if TYPE_CHECKING:
    from smarter_connector.sandbox.server import Sandbox

MAX_LISTED = 1000
MAX_KEYS = 10
SETTINGS = {
    "webhooks": ("n8n", "webhooks"),
    "chatwoot_token": ("chatwoot", "token"),
    "metabase_api_key": ("metabase", "api_key"),
    "open_conversations": ("chatwoot", "open_conversations"),
}
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class Control:
    """Routes under ``/_sandbox`` and the page that shows a person what arrived."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[web.RouteDef]:
        """The paths this part serves."""
        return [
            web.get("/", self.page),
            web.get("/_sandbox/events", self.events),
            web.get("/_sandbox/state", self.state),
            web.put("/_sandbox/keys", _checked(self.keys)),
            web.put("/_sandbox/settings", _checked(self.settings)),
            web.route("*", "/_sandbox/faults", _checked(self.faults)),
            web.post("/_sandbox/reset", _checked(self.reset)),
        ]

    async def page(self, _request: web.Request) -> web.Response:
        """What arrived, for a person."""
        headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"}
        return web.Response(text=render(self._sandbox), content_type="text/html", headers=headers)

    async def events(self, request: web.Request) -> web.Response:
        """Events by position, for a program."""
        try:
            after = int(request.query.get("after", "0"))
            limit = min(max(int(request.query.get("limit", MAX_LISTED)), 1), MAX_LISTED)
        except ValueError:
            return web.json_response({"error": "after and limit are numbers"}, status=400)
        found = [event.to_json() for event in self._sandbox.n8n.after(after, limit)]
        return _json({"events": found, "summary": self._sandbox.n8n.summary()})

    async def state(self, _request: web.Request) -> web.Response:
        """Everything at a glance."""
        sandbox = self._sandbox
        return _json(
            {
                "n8n": sandbox.n8n.summary(),
                "chatwoot": {**sandbox.chatwoot.summary(), "accounts": _accounts(sandbox)},
                "metabase": {
                    **sandbox.metabase.summary(),
                    "latest": list(sandbox.metabase.notifications)[-20:],
                },
                "faults": [asdict(fault) for fault in sandbox.faults.pending],
                "faults_applied": sandbox.faults.applied,
            }
        )

    async def keys(self, body: dict[str, Any], _method: str) -> dict[str, Any]:
        """Set the signing keys of one webhook or of all."""
        keys = body.get("keys")
        if not isinstance(keys, list) or len(keys) > MAX_KEYS:
            raise InvalidFault(f"keys is a list of at most {MAX_KEYS}")
        self._sandbox.n8n.set_keys(keys, str(body.get("path") or "*"))
        return {"keys": len(keys)}

    async def settings(self, body: dict[str, Any], _method: str) -> dict[str, Any]:
        """Change how the stand-ins are configured."""
        unknown = set(body) - set(SETTINGS)
        if unknown:
            raise InvalidFault(f"unknown setting {', '.join(sorted(unknown))}")
        for name, value in body.items():
            if name == "webhooks" and value is not None:
                value = frozenset(str(path) for path in value)
            part, attribute = SETTINGS[name]
            setattr(getattr(self._sandbox, part), attribute, value)
        return {"changed": sorted(body)}

    async def faults(self, body: dict[str, Any], method: str) -> dict[str, Any]:
        """Show, replace, add or clear faults."""
        faults = [Fault.from_json(fault) for fault in body.get("faults") or []]
        if method == "POST":
            self._sandbox.faults.add(*faults)
        elif method in ("PUT", "DELETE"):
            self._sandbox.faults.replace(faults if method == "PUT" else [])
        return {"faults": [asdict(fault) for fault in self._sandbox.faults.pending]}

    async def reset(self, body: dict[str, Any], _method: str) -> dict[str, Any]:
        """Forget what one target or all was told."""
        target = str(body.get("target") or "*")
        self._sandbox.forget(target)
        self._sandbox.faults.replace([])
        return {"forgotten": target}


def _accounts(sandbox: Sandbox) -> dict[str, Any]:
    return {
        str(number): {
            "contacts": [
                {**contact.to_json(), "labels": contact.labels}
                for contact in list(account.contacts.values())[-MAX_LISTED:]
            ],
            "notes": [
                message
                for conversation in account.conversations.values()
                for message in conversation.messages.values()
                if message["private"]
            ][-MAX_LISTED:],
        }
        for number, account in sandbox.chatwoot.accounts.items()
    }


def _checked(
    answer: Callable[[dict[str, Any], str], Awaitable[dict[str, Any]]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def checked(request: web.Request) -> web.Response:
        try:
            body = orjson.loads(await request.read() or b"{}")
            if not isinstance(body, dict):
                raise InvalidFault("the body is a JSON object")
            return _json(await answer(body, request.method))
        except (InvalidFault, InvalidKey, orjson.JSONDecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return checked


def _json(document: Any) -> web.Response:
    body = orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(body=body, content_type="application/json")
