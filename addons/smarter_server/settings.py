"""What the operator decides, from the environment or from ``odoo.conf``; the environment wins.

=================================  ============================  ==================================
environment                        odoo.conf, ``[options]``      meaning
=================================  ============================  ==================================
``SMARTEROS_REGISTRY_DSN_FILE``    ``smarter_registry_dsn_file`` file with the registry's DSN, for
                                                                 Odoo's own role; unset: no guard
``SMARTEROS_SERVED_RELEASE``       ``smarter_release``           the release this server runs;
                                                                 empty: it serves all of them
``SMARTEROS_TRUSTED_PROXIES``      ``smarter_trusted_proxies``   networks whose X-Forwarded-* are
                                                                 believed (with ``proxy_mode``)
``SMARTEROS_MONITORS``             ``smarter_monitors``          networks that read the details of
                                                                 ``/smarter/ready``
``SMARTEROS_READY_TOKEN_FILE``     ``smarter_ready_token_file``  file with the bearer token that
                                                                 reads them from anywhere
=================================  ============================  ==================================
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.0/8,::1/128"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Settings:
    """Networks are parsed by :func:`networks`; the two files are read when they are needed."""

    dsn_file: str
    release: str
    trusted_proxies: str
    monitors: str
    ready_token_file: str
    proxy_mode: bool

    def ready_token(self) -> str:
        """The token of monitoring; empty when there is none, or it cannot be read."""
        try:
            return Path(self.ready_token_file).read_text(encoding="utf-8").strip()
        except OSError:
            return ""


def from_odoo() -> Settings:
    """The settings of this process."""
    from odoo.tools import config

    return read(config.options, os.environ)


def read(options: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    def value(name: str, default: str = "", variable: str = "") -> str:
        variable = variable or f"SMARTEROS_{name.upper()}"
        given = environ.get(variable, options.get(f"smarter_{name}"))
        return str(given).strip() if given else default

    return Settings(
        dsn_file=value("registry_dsn_file"),
        # SMARTEROS_RELEASE is the operator's: the release of new tenants.
        release=value("release", variable="SMARTEROS_SERVED_RELEASE"),
        trusted_proxies=value("trusted_proxies", LOOPBACK),
        monitors=value("monitors", LOOPBACK),
        ready_token_file=value("ready_token_file"),
        proxy_mode=bool(options.get("proxy_mode")),
    )


def networks(text: str) -> tuple[Network, ...]:
    """Networks of a list such as ``10.0.0.0/8, ::1``. Raises ValueError for anything else."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def within(address: str, allowed: tuple[Network, ...]) -> bool:
    """Whether the address lies in one of the networks; what is no address lies in none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    plain = getattr(found, "ipv4_mapped", None) or found
    return any(plain in network for network in allowed)
