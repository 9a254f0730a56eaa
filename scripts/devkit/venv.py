"""The Python environment: packages once for all check-outs, this check-out linked on top.

Two layers. The packages are keyed by the requirement files, so two check-outs with the same
requirements share them. On top lies a thin environment of this check-out, in which the
distribution ``smarteros`` is really installed: Odoo looks it up by its metadata.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from devkit.locking import lock
from devkit.paths import REPO, Home, SetupError

REQUIREMENTS = ("requirements.txt", "scripts/requirements-odoo.txt", "requirements-dev.txt")
DONE = ".complete"
UNUSED_SECONDS = 30 * 24 * 3600


def digest(*parts: bytes) -> str:
    """A short name for what is made from these parts."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:12]


def packages_key(repo: Path) -> str:
    """Changes with the requirement files and with the interpreter."""
    files = [(repo / name).read_bytes() for name in REQUIREMENTS]
    return digest(sys.version.encode(), sys.executable.encode(), *files)


def checkout_key(repo: Path, packages: str) -> str:
    return digest(str(repo).encode(), packages.encode(), (repo / "setup.cfg").read_bytes())


def ensure(home: Home, repo: Path = REPO) -> Path:
    """The bin folder of an environment with every requirement and this check-out installed."""
    packages = packages_key(repo)
    base = home.root / f"py-{packages}"
    thin = home.root / f"env-{checkout_key(repo, packages)}"
    if not (thin / DONE).exists() or not (base / DONE).exists():
        with lock(home, "venv"):
            if not (base / DONE).exists():
                _build(base, lambda: _install_packages(base, repo))
            _build(thin, lambda: _link_checkout(thin, base, repo))
    for place in (thin, base):
        (place / DONE).touch()
    _forget_unused(home)
    return thin / "bin"


def _forget_unused(home: Home) -> None:
    """Remove environments that no script has used for a month; each holds half a gigabyte."""
    for mark in (*home.root.glob(f"py-*/{DONE}"), *home.root.glob(f"env-*/{DONE}")):
        try:
            used = mark.stat().st_mtime
        except FileNotFoundError:
            continue  # another script is building it anew at this moment
        if time.time() - used > UNUSED_SECONDS:
            shutil.rmtree(mark.parent, ignore_errors=True)


def _build(place: Path, fill) -> None:
    """Fill ``place`` from nothing; without the mark at the end it does not count."""
    shutil.rmtree(place, ignore_errors=True)
    try:
        fill()
    except subprocess.CalledProcessError as error:
        detail = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        raise SetupError(
            f"{' '.join(error.cmd[:6])} failed: {detail[-1] if detail else ''}"
        ) from error
    (place / DONE).touch()


def _install_packages(base: Path, repo: Path) -> None:
    print("Installing the Python packages (once, about a minute) ...", file=sys.stderr, flush=True)
    try:
        _quiet(sys.executable, "-m", "venv", str(base))
    except subprocess.CalledProcessError as error:
        raise SetupError("Python's venv module is incomplete: apt install python3-venv") from error
    wanted = [word for name in REQUIREMENTS for word in ("-r", str(repo / name))]
    pip = (str(base / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check")
    _quiet(*pip, "-q", *wanted)


def _link_checkout(thin: Path, base: Path, repo: Path) -> None:
    _quiet(sys.executable, "-m", "venv", "--without-pip", str(thin))
    below = _site_packages(base)
    (_site_packages(thin) / "_packages.pth").write_text(
        f"import site; site.addsitedir({str(below)!r})\n"
    )
    options = ("-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation")
    pip = (str(base / "bin" / "python"), "-m", "pip", "--python", str(thin / "bin" / "python"))
    _quiet(*pip, "install", *options, "-e", str(repo))
    for tool in sorted((base / "bin").iterdir()):
        _borrow(tool, thin / "bin" / tool.name)


def _borrow(tool: Path, target: Path) -> None:
    """Give the thin environment a console script of the packages, run by its own interpreter."""
    if target.exists() or not tool.is_file() or tool.is_symlink():
        return
    text = tool.read_bytes()
    own = f"#!{target.parent / 'python'}\n".encode()
    if text.startswith(b"#!") and b"python" in text.split(b"\n", 1)[0]:
        target.write_bytes(own + text.split(b"\n", 1)[1])
    else:
        shutil.copyfile(tool, target)
    target.chmod(0o755)


def _site_packages(environment: Path) -> Path:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return environment / "lib" / version / "site-packages"


def _quiet(*command: str) -> None:
    keep = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    subprocess.run(command, check=True, env=keep, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
