"""Answers given without Odoo: a page for people, JSON for programs, never a word about why."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

#: Where programs of the tenant call, as opposed to the web client. Odoo serves each of them under a
#: language's prefix too, which the tenant may spell as it likes.
INTEGRATION = re.compile(r"(/+[^/]+)?/+(xmlrpc|jsonrpc|json/[12]|doc-bearer)(/|$)", re.ASCII)

_PAGE = """<!DOCTYPE html>
<html lang="es-CL">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
{refresh}<title>{title}</title>
<style>
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f4f5f7;
  color: #22303c; font: 17px/1.55 system-ui, sans-serif; }}
main {{ max-width: 32rem; margin: 1rem; padding: 2rem 2.25rem; background: #fff;
  border-radius: 12px; border-top: 6px solid {colour}; box-shadow: 0 2px 14px #0002; }}
h1 {{ margin: 0 0 .6rem; font-size: 1.45rem; line-height: 1.25; }}
p {{ margin: .5rem 0; }}
small {{ color: #5b6b79; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{paragraphs}
<p><small>{status}</small></p>
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Refusal:
    """``code`` is what programs read; ``retry_after`` is in seconds, 0 for no such advice."""

    status: int
    code: str
    title: str
    paragraphs: tuple[str, ...]
    retry_after: int = 0
    colour: str = "#c0392b"

    def answer(self, environ: Mapping[str, object], start_response) -> list[bytes]:
        """The WSGI answer in the form the request asks for."""
        kind, body = self._body(environ)
        headers = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Robots-Tag", "noindex"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
        ]
        if self.retry_after:
            headers.append(("Retry-After", str(self.retry_after)))
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _body(self, environ: Mapping[str, object]) -> tuple[str, bytes]:
        if not _asked_by_program(environ):
            return "text/html; charset=utf-8", self.page().encode()
        facts = self.facts()
        if _is_json_rpc(environ):
            facts = self._json_rpc(facts)
        return "application/json", json.dumps(facts, ensure_ascii=False).encode()

    def page(self) -> str:
        refresh = f'<meta http-equiv="refresh" content="{self.retry_after}">\n'
        return _PAGE.format(
            title=html.escape(self.title),
            paragraphs="\n".join(f"<p>{html.escape(text)}</p>" for text in self.paragraphs),
            status=f"{self.status} {HTTPStatus(self.status).phrase}",
            refresh=refresh if self.retry_after else "",
            colour=self.colour,
        )

    def facts(self) -> dict[str, object]:
        """In the shape of Odoo's JSON-2 errors, with the time to wait."""
        message = " ".join((self.title + ".", *self.paragraphs))
        return {"name": self.code, "message": message, "retry_after": self.retry_after or None}

    def _json_rpc(self, facts: Mapping[str, object]) -> dict[str, object]:
        # Odoo's web client shows the message of a UserError in a window, as it is.
        data = {
            **facts, "name": "odoo.exceptions.UserError", "code": self.code,
            "arguments": [facts["message"]], "context": {}, "debug": "",
        }  # fmt: skip
        error = {"code": self.status, "message": self.title, "data": data}
        return {"jsonrpc": "2.0", "id": None, "error": error}


def is_integration(path: str) -> bool:
    """Whether a program of the tenant calls there; the web client's own calls go elsewhere."""
    return bool(INTEGRATION.match(path))


def _is_json(environ: Mapping[str, object]) -> bool:
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip() == "application/json"


def _asked_by_program(environ: Mapping[str, object]) -> bool:
    accepted = str(environ.get("HTTP_ACCEPT", ""))
    path = str(environ.get("PATH_INFO", ""))
    return (
        _is_json(environ)
        or is_integration(path)
        or path == "/smarter/ready"
        or ("json" in accepted and "html" not in accepted)
    )


def _is_json_rpc(environ: Mapping[str, object]) -> bool:
    path = str(environ.get("PATH_INFO", ""))
    return _is_json(environ) and not path.startswith(("/json/", "/doc-bearer", "/smarter/"))


UNKNOWN_HOST = Refusal(
    404,
    "unknown_host",
    "No encontramos esta dirección",
    (
        "Ninguna empresa usa esta dirección en SmarterOS.",
        "Revise que esté bien escrita. Si la recibió en una invitación, pida una nueva a quien "
        "administra el sistema en su empresa.",
    ),
)
CLOSED = Refusal(404, "not_found", "Esta página no existe", ("Vuelva al inicio y siga desde ahí.",))
MAINTENANCE = Refusal(
    503,
    "maintenance",
    "Estamos mejorando su sistema",
    (
        "Volverá a estar disponible en unos minutos, con todos sus datos como los dejó.",
        "Esta página se actualiza sola: no necesita hacer nada.",
    ),
    retry_after=30,
    colour="#2471a3",
)
MOVING = Refusal(
    421,
    "misdirected",
    "Estamos trasladando su sistema",
    (
        "Su empresa acaba de pasar a otro servidor. En unos segundos podrá continuar.",
        "Esta página se actualiza sola: no necesita hacer nada.",
    ),
    retry_after=5,
    colour="#2471a3",
)
UNAVAILABLE = Refusal(
    503,
    "unavailable",
    "El servicio no está disponible",
    (
        "Tenemos un problema de nuestro lado y ya lo estamos viendo. Sus datos están a salvo.",
        "Esta página se actualiza sola: no necesita hacer nada.",
    ),
    retry_after=30,
    colour="#b9770e",
)

#: Shown by the login page, too.
TOO_MANY_LOGINS = (
    "Demasiados intentos fallidos de inicio de sesión. Espere unos minutos y vuelva a intentarlo."
)


def too_many_calls(limit: int, retry_after: int) -> Refusal:
    return Refusal(
        429,
        "too_many_requests",
        "Demasiadas llamadas a la API",
        (
            f"Su plan permite {limit} llamadas por minuto. Vuelva a intentarlo en "
            f"{retry_after} segundos.",
        ),
        retry_after=retry_after,
    )
