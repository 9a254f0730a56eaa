"""Which servers a host is led to: the proxy's configuration, written from the registry.

A release has a pool, ``host:port`` or ``host:port/bus port`` where websockets have a port of their
own (Odoo with workers). Each tenant's hosts go to the pool of its release.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.registry import Registry, ReleaseRow, TenantRow
from smarter_connector.tenants.jobs import SERVED
from smarter_domain.tenancy import check_host

_POOL = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]{0,252}):([0-9]{1,5})(?:/([0-9]{1,5}))?", re.ASCII)
_HEAD = "# Written by smarteros-tenant routes from the registry. Changes made here are lost.\n"


@dataclass(frozen=True, slots=True)
class Pool:
    """``web`` and ``bus`` are ``host:port``; both are empty where a release has no servers."""

    release: str
    web: str
    bus: str
    hosts: tuple[str, ...]


def pools(tenants: Iterable[TenantRow], releases: Iterable[ReleaseRow]) -> list[Pool]:
    """The hosts of tenants that are served, by release; releases by name.

    Raises :class:`ConfigurationError` for a pool that is not of the form above.
    """
    places = {release.name: _place(release) for release in releases}
    hosts: dict[str, list[str]] = {}
    for tenant in tenants:
        if tenant.status in SERVED:
            checked = (check_host(host, allow_loopback=True) for host in tenant.hosts)
            hosts.setdefault(tenant.release, []).extend(checked)
    return [
        Pool(name, *places.get(name, ("", "")), tuple(sorted(hosts[name])))
        for name in sorted(hosts)
        if hosts[name]
    ]


def of_registry(registry: Registry) -> list[Pool]:
    """The pools as they are now, clones for trials included."""
    return pools(registry.tenants(status=SERVED, kind=None), registry.releases())


def render(found: Sequence[Pool], *, scheme: str = "https", port: int | None = None) -> str:
    """A file for Caddy: one site for each pool, importing ``smarteros_tenant``, a snippet of
    ``deploy/proxy/Caddyfile.pools``. Caddy gets certificates for these hosts and no others.
    """
    suffix = f":{port}" if port else ""
    blocks = [_HEAD, *(_site(pool, scheme, suffix) for pool in found)]
    if scheme == "http":
        # Without this, Caddy answers 200 and nothing to hosts it does not know.
        blocks.append(f"{scheme}://{suffix or ':80'} {{\n\trespond 404\n}}\n")
    return "\n".join(blocks)


def write(text: str, path: Path) -> bool:
    """Replace the file at once; whether it changed, so that the proxy must be told."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o644)  # the proxy reads it with another account
    draft.replace(path)
    return True


def _site(pool: Pool, scheme: str, suffix: str) -> str:
    names = ",\n".join(f"{scheme}://{host}{suffix}" for host in pool.hosts)
    if not pool.web:
        return f"# Release {_word(pool.release)} has no pool.\n{names} {{\n\trespond 503\n}}\n"
    facts = f"\tvars web {pool.web}\n\tvars bus {pool.bus}\n"
    return f"# Release {_word(pool.release)}\n{names} {{\n{facts}\timport smarteros_tenant\n}}\n"


def _place(release: ReleaseRow) -> tuple[str, str]:
    if not release.pool:
        return "", ""
    found = _POOL.fullmatch(release.pool)
    if not found:
        raise ConfigurationError(
            f"release {release.name}: its pool must read host:port or host:port/bus port"
        )
    host, web, bus = found.groups()
    return f"{host}:{web}", f"{host}:{bus or web}"


def _word(text: str) -> str:
    """Fit for a comment: a line's end in it would begin a line of configuration."""
    return re.sub(r"[^\w.+-]", "?", text) or "(none)"
