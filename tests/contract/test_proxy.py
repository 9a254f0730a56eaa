"""The reverse proxy's configuration, read, and run where Caddy is installed."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from devkit.paths import REPO
from devkit.ports import free_port
from tests import caddy

FILE = REPO / "deploy" / "proxy" / "Caddyfile"
TEXT = FILE.read_text(encoding="utf-8")


class Upstream(BaseHTTPRequestHandler):
    """Says which upstream it is and with which headers it was asked."""

    def do_GET(self) -> None:
        lines = [self.server.label, self.path, *map(": ".join, self.headers.items())]
        body = "\n".join(lines).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "session_id=abc; HttpOnly; Path=/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        """Tests read answers, not logs."""


def upstream(label: str) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.label = label
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def proxy(tmp_path_factory) -> Iterator[int]:
    """The port of a Caddy that runs the shipped file between two upstreams, without TLS."""
    caddy.require()
    home, port = tmp_path_factory.mktemp("caddy"), free_port()
    web, bus = upstream("web"), upstream("bus")
    text = TEXT.replace("odoo:8069", f"127.0.0.1:{web.server_port}")
    text = text.replace("odoo:8072", f"127.0.0.1:{bus.server_port}")
    text = text.replace("{$SMARTEROS_DOMAIN}", f"http://127.0.0.1:{port}")
    text = text.replace(":8081", f":{free_port()}")
    (home / "Caddyfile").write_text(text)
    try:
        with caddy.running(home):
            yield port
    finally:
        for server in (web, bus):
            server.shutdown()
            server.server_close()


def ask(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.getheader("Set-Cookie", "")
    finally:
        connection.close()


def test_the_file_closes_the_manager_and_sends_the_bus_to_its_own_port():
    assert "path_regexp" in TEXT and "respond @closed 404" in TEXT
    assert "@bus path /websocket /websocket/*" in TEXT
    assert "reverse_proxy @bus odoo:8072" in TEXT and "reverse_proxy odoo:8069" in TEXT


def test_no_client_is_trusted_about_forwarded_headers_and_the_api_is_off():
    assert "trusted_proxies" not in TEXT
    assert "admin off" in TEXT


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/web/login", "web"),
        ("/json/2/res.partner/search", "web"),
        ("/web/databases", "web"),
        ("/websockets", "web"),
        ("/websocket", "bus"),
        ("/websocket/health", "bus"),
    ],
)
def test_requests_reach_their_upstream(proxy, path, expected):
    status, body, _ = ask(proxy, path)
    assert (status, body.splitlines()[0]) == (200, expected)


@pytest.mark.parametrize(
    "path",
    [
        "/web/database/manager",
        "/web/database",
        "/web/database/list",
        "/es_CL/web/database/selector",
        "/WEB/Database/manager",
        "/web//database/manager",
        "/web/./database/manager",
        "/web/%64atabase/manager",
        "/xmlrpc/2/common",
        "/xmlrpc/db",
        "/jsonrpc",
        "/jsonrpc?x=1",
    ],
)
def test_the_database_manager_and_the_old_rpc_are_closed(proxy, path):
    status, body, _ = ask(proxy, path)
    assert (status, body) == (404, "")


@pytest.mark.parametrize(
    "name",
    ["Forwarded", "X-Real-IP", "X-Forwarded-Port", "X-Odoo-Database", "X-Odoo-Dbfilter",
     "X-Accel-Redirect"],
)  # fmt: skip
def test_headers_that_would_deceive_odoo_are_removed(proxy, name):
    _, body, _ = ask(proxy, "/web", {name: "evil"})
    assert "evil" not in body


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"])
@pytest.mark.parametrize("path", ["/web", "/websocket"])
def test_forwarded_headers_are_the_proxys_own(proxy, name, path):
    _, body, _ = ask(proxy, path, {name: "6.6.6.6"})
    assert "6.6.6.6" not in body and f"\n{name}: " in body


def test_the_session_cookie_is_for_https_only(proxy):
    *_, cookie = ask(proxy, "/web/login")
    assert cookie == "session_id=abc; HttpOnly; Path=/; Secure"
