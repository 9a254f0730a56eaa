"""What each target needs beside the URL, and how it is written.

A secret never stands in Odoo: the configuration holds a reference (``env:NAME`` or
``file:/path``) that the connector resolves on its own machine. Plain Python.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

SIGNED_TARGETS = frozenset({"n8n", "webhook"})
"""Targets whose deliveries are signed; the others authenticate with a token of their own."""

URL_TARGETS = frozenset({"n8n", "webhook", "chatwoot"})
URL_MAX = 2000
LOCAL_SUFFIXES = (".local", ".internal", ".localhost", ".lan")

_REFERENCE = re.compile(r"env:[A-Z][A-Z0-9_]{0,127}|file:(/[A-Za-z0-9._-]{1,100}){1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of the configuration: its type, and whether the value is a secret's reference."""

    kind: type
    secret: bool = False
    minimum: float | None = None
    maximum: float | None = None

    def accepts(self, value):
        if self.secret:
            return isinstance(value, str) and reference_is_valid(value)
        if self.kind is list:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        if isinstance(value, bool) or not isinstance(value, self.kind):
            return False
        return self._in_range(value)

    def _in_range(self, value):
        if self.minimum is not None and value < self.minimum:
            return False
        return self.maximum is None or value <= self.maximum


_WEBHOOK = {
    "timeout": Setting(int | float, minimum=1, maximum=120),
    "concurrency": Setting(int, minimum=1, maximum=100),
}

SETTINGS = {
    "n8n": _WEBHOOK,
    "webhook": _WEBHOOK,
    "chatwoot": {
        "account_id": Setting(int, minimum=1),
        "inbox_id": Setting(int, minimum=1),
        "api_token": Setting(str, secret=True),
        "note_types": Setting(list),
        "labels": Setting(list),
    },
    "warehouse": {
        "dsn": Setting(str, secret=True),
        "metabase_url": Setting(str),
        "metabase_database_id": Setting(int, minimum=1),
        "metabase_api_key": Setting(str, secret=True),
    },
}


def reference_is_valid(text):
    """Whether ``text`` is ``env:NAME`` or ``file:/path``; never a secret by itself."""
    if _REFERENCE.fullmatch(text) is None:
        return False
    return ".." not in text.split("/")


def config_problem(target, config):
    """Return (key, reason) of the first wrong entry, or None. Reasons: unknown, secret, value."""
    known = SETTINGS.get(target, {})
    for key, value in config.items():
        setting = known.get(key)
        if setting is None:
            return key, "unknown"
        if not setting.accepts(value):
            return key, "secret" if setting.secret else "value"
    return None


def url_problem(url):
    """Say what is wrong with an address, or None.

    Answers ``long``, ``syntax``, ``scheme``, ``insecure`` (http to the public network),
    ``credentials`` (a user or password inside the address) or ``fragment``.
    """
    if len(url) > URL_MAX:
        return "long"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port  # a wrong port raises
    except ValueError:
        return "syntax"
    if not host or any(mark.isspace() or ord(mark) < 32 for mark in url):
        return "syntax"
    if parts.scheme not in ("http", "https"):
        return "scheme"
    if parts.username is not None or parts.password is not None:
        return "credentials"
    if parts.fragment:
        return "fragment"
    return "insecure" if parts.scheme == "http" and not is_local(host) else None


def is_local(host):
    """Whether ``host`` is a machine of the own network, by its name or address."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(LOCAL_SUFFIXES)
    return address.is_private or address.is_loopback
