"""Requests to a server on loopback, with every header in the test's hand."""

from __future__ import annotations

import http.client
import json
import re
import urllib.parse
import xmlrpc.client
from dataclasses import dataclass
from typing import Any

#: The address the tests' "proxy" asks from; the other addresses of loopback are clients.
PROXY = "127.0.0.2"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    def json(self) -> Any:
        return json.loads(self.text)

    def cookie(self) -> str:
        """The session cookie this answer sets, as a Cookie header; empty when it sets none."""
        found = re.search(r"session_id=([\w-]+)", self.headers.get("Set-Cookie", ""))
        return f"session_id={found[1]}" if found else ""


@dataclass(frozen=True)
class Site:
    """A host on one server. ``address`` is the client's, told by the proxy when it is not empty."""

    port: int
    host: str
    address: str = ""

    def ask(
        self, path: str, *, method: str = "GET", body: bytes | None = None,
        headers: dict[str, str] | None = None, source: str = "",
    ) -> Answer:  # fmt: skip
        given = {"Host": self.host, **(headers or {})}
        if self.address:
            given |= {"X-Forwarded-For": self.address, "X-Forwarded-Host": given["Host"]}
            source = source or PROXY
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=60, source_address=(source or "127.0.0.1", 0)
        )
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()

    def post(self, path: str, value: Any, headers: dict[str, str] | None = None) -> Answer:
        given = {"Content-Type": "application/json", **(headers or {})}
        return self.ask(path, method="POST", body=json.dumps(value).encode(), headers=given)

    def jsonrpc(self, service: str, method: str, *arguments: Any) -> dict[str, Any]:
        """What ``/jsonrpc`` answers: a dict with ``result`` or ``error``."""
        params = {"service": service, "method": method, "args": list(arguments)}
        call = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        return self.post("/jsonrpc", call).json()

    def xmlrpc(self, place: str, method: str, *arguments: Any) -> Any:
        """The result of a call to ``/xmlrpc/<place>``. Raises ``xmlrpc.client.Fault``."""
        body = xmlrpc.client.dumps(arguments, method, allow_none=True).encode()
        headers = {"Content-Type": "text/xml"}
        answer = self.ask(f"/xmlrpc/{place}", method="POST", body=body, headers=headers)
        if answer.status != 200:
            raise AssertionError(f"{answer.status}: {answer.text[:300]}")
        return xmlrpc.client.loads(answer.text)[0][0]

    def authenticate(self, database: str, password: str, login: str = "admin") -> Answer:
        """Log in as Odoo's own mobile application does."""
        params = {"db": database, "login": login, "password": password}
        return self.post("/web/session/authenticate", {"params": params})

    def login(self, password: str, login: str = "admin", query: str = "") -> Answer:
        """Log in by the form, as a browser does."""
        page = self.ask(f"/web/login{query}")
        token = re.search(r'csrf_token" value="([^"]+)"', page.text)[1]
        form = {"csrf_token": token, "login": login, "password": password, "type": "password"}
        headers = {
            "Cookie": page.cookie(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urllib.parse.urlencode(form).encode()
        return self.ask("/web/login", method="POST", body=body, headers=headers)
