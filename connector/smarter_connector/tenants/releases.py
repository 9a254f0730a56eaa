"""Releases: folders of code that lie side by side, each with the hash of every module in it.

A release's folder holds ``addons/`` (or is such a folder itself) and, where it comes with its own
``smarter_domain`` or its own Odoo, ``connector/`` and ``odoo/``. Tenants run one release each; the
pool of servers with that code serves them.
"""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.registry import Conflict, InvalidRequest, ReleaseRow
from smarter_connector.tenants.modules import Manifest, manifests, module_digests, recipe_digest
from smarter_connector.tenants.odoo_runner import OdooRunner
from smarter_connector.tenants.platform import Platform, Say

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
POOL = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-f:]+\]):[0-9]{1,5}(?:/[0-9]{1,5})?")
UNUSED = ("deleted", "purged")


@dataclass(frozen=True)
class Listed:
    """A release with the number of tenants that run it, deleted ones left out."""

    release: ReleaseRow
    tenants: int


@dataclass(frozen=True)
class Folders:
    """Where the parts of a release lie."""

    root: Path

    @property
    def addons(self) -> Path:
        inner = self.root / "addons"
        return inner if inner.is_dir() else self.root

    @property
    def python(self) -> tuple[Path, ...]:
        """What goes before everything else on Odoo's Python path."""
        own = (self.root / "connector", self.root / "odoo")
        return tuple(folder for folder in own if folder.is_dir())

    @property
    def shared(self) -> tuple[Path, ...]:
        """What every module of the release uses: a change there is a change of all of them."""
        domain = self.root / "connector" / "smarter_domain"
        return (domain,) if domain.is_dir() else ()


def add(
    platform: Platform,
    path: Path,
    *,
    name: str = "",
    odoo_build: str = "",
    pool: str = "",
    progress: Say | None = None,
) -> ReleaseRow:
    """Enter the code in ``path``; without ``name`` it is called by its hash.

    ``pool`` is ``host:port`` of the servers that run it, or ``host:port/bus port``. Adding the same
    code again changes nothing but Odoo's build and the pool. Raises InvalidRequest, and Conflict
    when the name means other code that tenants run.
    """
    folders = Folders(path.resolve())
    found = module_digests([folders.addons], folders.shared) if path.is_dir() else {}
    if not found:
        raise InvalidRequest(f"there are no addons in {path}")
    build = odoo_build or platform.settings.odoo_build or _runner(platform, folders).version()
    name = name or recipe_digest(build, found, (), "")[:12]
    if not NAME.fullmatch(name):
        raise InvalidRequest(f"a release cannot be called {name[:40]!r}")
    if pool and not POOL.fullmatch(pool):
        raise InvalidRequest(f"a pool is host:port, not {pool[:80]!r}")
    _check_unused(platform, name, found)
    return platform.registry.add_release(
        name, str(folders.root), odoo_build=build, modules=found, pool=pool
    )


def list_(
    platform: Platform, *, retired: bool = False, progress: Say | None = None
) -> list[Listed]:
    """Releases in use, oldest first; with ``retired`` all of them."""
    counts = _counts(platform)
    releases = platform.registry.releases(retired=retired)
    return [Listed(release, counts.get(release.name, 0)) for release in releases]


def retire(platform: Platform, name: str, *, progress: Say | None = None) -> ReleaseRow:
    """Take it out of use; its folder may go then. Raises Conflict while a tenant runs it."""
    release = platform.registry.release(name)
    if count := _counts(platform).get(name):
        raise Conflict(f"{count} tenants run release {name}: upgrade them first")
    if release.retired_at:
        return release
    return platform.registry.update_release(name, retired_at=platform.now())


def runner(platform: Platform, release: ReleaseRow) -> OdooRunner:
    """Odoo with the code of this release and no addon of another. Raises ConfigurationError."""
    folders = Folders(Path(release.path))
    if not folders.addons.is_dir():
        raise ConfigurationError(f"the folder {release.path} of release {release.name} is gone")
    return _runner(platform, folders)


def release_manifests(release: ReleaseRow) -> dict[str, Manifest]:
    """What the release's modules need. Raises ConfigurationError."""
    return manifests([Folders(Path(release.path)).addons])


def _runner(platform: Platform, folders: Folders) -> OdooRunner:
    settings = platform.settings
    others = [Folders(Path(row.path)).addons for row in platform.registry.releases(retired=True)]
    foreign = {path.resolve() for path in (*settings.addons, *others)}
    stock = [path for path in _configured(settings.odoo_config) if path.resolve() not in foreign]
    before = settings.odoo_env.get("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    python = os.pathsep.join([*map(str, folders.python), *([before] if before else [])])
    return OdooRunner(settings, (folders.addons, *stock), {"PYTHONPATH": python} if python else {})


def _configured(config: Path | None) -> list[Path]:
    """The addons folders of Odoo's configuration."""
    if config is None:
        return []
    parser = configparser.RawConfigParser()
    parser.read(config)
    text = parser.get("options", "addons_path", fallback="")
    return [Path(part.strip()) for part in text.split(",") if part.strip()]


def _check_unused(platform: Platform, name: str, modules: Mapping[str, object]) -> None:
    known = {row.name: row for row in platform.registry.releases(retired=True)}.get(name)
    if known and known.modules != modules and (count := _counts(platform).get(name)):
        raise Conflict(f"release {name} is other code, which {count} tenants run: name it anew")


def _counts(platform: Platform) -> dict[str, int]:
    counts: dict[str, int] = {}
    for tenant in platform.registry.tenants(kind=None):
        if tenant.status not in UNUSED:
            counts[tenant.release] = counts.get(tenant.release, 0) + 1
    return counts
