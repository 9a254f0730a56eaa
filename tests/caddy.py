"""The reverse proxy of production on this machine, for tests that let it serve; if it is installed.

Each has a folder of its own, ``home``, with its ``Caddyfile``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = shutil.which("caddy")


def require() -> None:
    """Skip the test where Caddy is not installed."""
    if PROGRAM is None:
        pytest.skip("CADDY IS NOT INSTALLED: apt install caddy")


def command(verb: str, home: Path) -> list[str]:
    return [str(PROGRAM), verb, "--adapter", "caddyfile", "--config", str(home / "Caddyfile")]


def environment(home: Path) -> dict[str, str]:
    """Whatever Caddy keeps stays in ``home``."""
    names = ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
    return {**os.environ, **dict.fromkeys(names, str(home))}


@contextmanager
def running(home: Path) -> Iterator[None]:
    """Caddy serves for the block."""
    process = subprocess.Popen(
        command("run", home), env=environment(home), stderr=subprocess.PIPE, text=True
    )
    try:
        for line in process.stderr:
            if "serving initial configuration" in line:
                break
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield
    finally:
        process.terminate()
        process.wait(10)
        drain.join(5)
        process.stderr.close()
