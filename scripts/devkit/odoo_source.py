"""Which Odoo 19 is used, and where its packages and addons lie.

``ODOO_SRC`` names a tree (a git check-out or an unpacked package); otherwise Debian's package is
unpacked into the home by ``scripts/get-odoo``, from ``ODOO_DEB`` when that is set.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devkit import paths
from devkit.locking import lock
from devkit.progress import say, step

DEBIAN_MODULES = Path("usr/lib/python3/dist-packages")
SERIES = "19.0"


@dataclass(frozen=True)
class Odoo:
    """An Odoo tree: ``modules`` goes on PYTHONPATH; ``build`` changes when the code does."""

    modules: Path
    addons: tuple[Path, ...]
    version: str
    build: str


def ensure(home: paths.Home, environ: Mapping[str, str] = os.environ) -> Odoo:
    """The Odoo to use; downloads and unpacks it the first time.

    Raises SetupError when the tree is not Odoo 19 or cannot be had.
    """
    if source := environ.get("ODOO_SRC"):
        return inspect(Path(source))
    tree = unpacked_place(home, environ)
    if not (tree / "get-odoo.lock").exists():
        with lock(home, "odoo"):
            if not (tree / "get-odoo.lock").exists():
                _fetch(tree)
    _check_pin(tree, environ.get("ODOO_SHA256"))
    return inspect(tree)


def unpacked_place(home: paths.Home, environ: Mapping[str, str]) -> Path:
    """A given package or pin has a folder of its own beside the default one."""
    if package := environ.get("ODOO_DEB"):
        if not Path(package).is_file():
            raise paths.SetupError(f"ODOO_DEB={package}: no such file")
        return home.root / f"odoo-{_sha256(Path(package))[:12]}"
    if pin := environ.get("ODOO_SHA256"):
        if pin in _lock_text(home.odoo):
            return home.odoo
        return home.root / f"odoo-{pin[:12]}"
    return home.odoo


def inspect(tree: Path) -> Odoo:
    """Describe a tree in one of its shapes: unpacked package, git check-out, modules folder."""
    shapes = (tree / DEBIAN_MODULES, tree)
    modules = next((place for place in shapes if (place / "odoo" / "release.py").is_file()), None)
    if modules is None:
        raise paths.SetupError(f"{tree} holds no Odoo: expected odoo/release.py below it")
    series = re.search(r"version_info = \((\d+), (\d+)", (modules / "odoo/release.py").read_text())
    if not series or ".".join(series.groups()) != SERIES:
        raise paths.SetupError(f"{tree} is not Odoo {SERIES}")
    candidates = (modules / "odoo" / "addons", modules / "addons")
    addons = tuple(
        place for place in candidates if (place / "base").is_dir() or (place / "web").is_dir()
    )
    return Odoo(modules, addons, _version(tree), _build(tree, modules))


def _fetch(tree: Path) -> None:
    script = paths.REPO / "scripts" / "get-odoo"
    with step("Fetching Odoo 19 from Debian (once, about a minute)"):
        done = subprocess.run([str(script), str(tree)], stderr=subprocess.PIPE, text=True)
    lines = done.stderr.strip().splitlines()
    if done.returncode:
        raise paths.SetupError(lines[-1] if lines else "scripts/get-odoo failed")
    say(lines[-1])


def _check_pin(tree: Path, pin: str | None) -> None:
    if pin and pin not in _lock_text(tree):
        raise paths.SetupError(
            f"{tree} is not the build ODOO_SHA256 pins: remove it to fetch again"
        )


def _lock_text(tree: Path) -> str:
    place = tree / "get-odoo.lock"
    return place.read_text() if place.exists() else ""


def _version(tree: Path) -> str:
    place = tree / "get-odoo.version"
    return place.read_text().strip() if place.exists() else SERIES


def _build(tree: Path, modules: Path) -> str:
    if text := _lock_text(tree):
        return hashlib.sha256(text.encode()).hexdigest()[:12]
    head = subprocess.run(
        ["git", "-C", str(tree), "rev-parse", "HEAD"], capture_output=True, text=True
    ).stdout
    release = modules / "odoo" / "release.py"
    return hashlib.sha256(f"{tree}{head}{release.stat().st_mtime_ns}".encode()).hexdigest()[:12]


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def main(argv: list[str]) -> int:
    odoo = ensure(paths.open_home())
    print(f"Odoo {odoo.version} in {odoo.modules}", file=sys.stderr)
    return 0
