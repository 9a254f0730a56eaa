"""Ports of this machine for the servers of ``scripts/run``: the usual one, or the next free one."""

from __future__ import annotations

import socket

from devkit.paths import SetupError


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(wanted: int, taken: set[int], span: int = 100) -> int:
    """``wanted`` or the first free port after it that is not in ``taken``."""
    for port in range(wanted, wanted + span):
        if port not in taken and is_free(port):
            return port
    raise SetupError(f"no free port between {wanted} and {wanted + span - 1}")
