"""Ports of this machine for the servers of ``scripts/run``: the usual one, or the next free one."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from devkit.paths import Home, SetupError

USUAL = {"odoo": 8069, "sandbox": 8100, "connector": 9108}


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """One that nobody listens on at this moment, for a server that needs none in particular."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def choose(wanted: int, taken: set[int], span: int = 100) -> int:
    """``wanted`` or the first free port after it that is not in ``taken``."""
    for port in range(wanted, wanted + span):
        if port not in taken and is_free(port):
            return port
    raise SetupError(f"no free port between {wanted} and {wanted + span - 1}")


def known(home: Home) -> dict[str, int]:
    """The ports of the last run; before the first one, the usual ports."""
    place = _place(home)
    return {**USUAL, **(json.loads(place.read_text()) if place.exists() else {})}


def assign(home: Home, wanted: dict[str, int]) -> dict[str, int]:
    """The ports of the last run when they are free, so that bookmarks stay true.

    Raises SetupError when a port that was asked for is taken.
    """
    before, chosen = known(home), {}
    for name in USUAL:
        if name in wanted and not is_free(wanted[name]):
            raise SetupError(f"port {wanted[name]} is taken: choose another with --port")
        chosen[name] = choose(wanted.get(name, before[name]), set(chosen.values()))
    _place(home).write_text(json.dumps(chosen))
    return chosen


def _place(home: Home) -> Path:
    return home.root / "run" / "ports.json"
