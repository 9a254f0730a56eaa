"""A browser for Odoo's tours: found on PATH, else installed where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess

from devkit.progress import step, warn

#: The names Odoo's own test runner looks for.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
INSTALL = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")


def find() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def ensure() -> str | None:
    """Path of a browser, or None after saying loudly that its tests will be skipped."""
    if found := find():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with step("Installing chromium for the browser tests (once)"):
            _install()
    found = find()
    if not found:
        warn("NO BROWSER: tests that drive one will be SKIPPED. As root: apt install chromium")
    return found


def _install() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if _apt(INSTALL, environment) != 0:
        _apt(("apt-get", "update", "-qq"), environment)
        _apt(INSTALL, environment)


def _apt(command: tuple[str, ...], environment: dict[str, str]) -> int:
    return subprocess.run(command, env=environment, capture_output=True).returncode
