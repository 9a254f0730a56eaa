"""The guard of this process: built once from its settings, then every part put in its place."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from . import cron, databases, faults, gate, routes, rpc, settings, throttle
from .allowance import Allowance
from .connections import Connections, opener
from .counters import Counters
from .cron import Schedule
from .cursors import refuse_absent_tenants
from .gate import Gate
from .proxies import Proxies
from .routes import Routes
from .settings import Network, Settings

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Guard:
    settings: Settings
    routes: Routes
    counters: Counters
    monitors: tuple[Network, ...]


_installed: list[Guard] = []


def installed() -> Guard | None:
    """The guard of this process; None when no registry is configured."""
    return _installed[0] if _installed else None


def install(found: Settings) -> Guard:
    """Build the guard and replace Odoo's functions. Raises whatever keeps it from being whole."""
    connections = Connections(opener(found.dsn_file))
    known = Routes(lambda: connections.query(routes.STATEMENT))
    counted = Counters(connections)
    allowance = Allowance(counted)
    proxies = Proxies(settings.networks(found.trusted_proxies), found.proxy_mode)
    guard = Guard(found, known, counted, settings.networks(found.monitors))
    databases.install()
    cron.install(Schedule(known, found.release))
    throttle.install(counted, allowance)
    rpc.install(allowance)
    faults.install()
    refuse_absent_tenants(known, found.release)
    gate.install(Gate(known, proxies, allowance, found.release))
    _installed.append(guard)
    _logger.info("Hosts are led to databases by the registry; release: %s", found.release or "any")
    return guard
