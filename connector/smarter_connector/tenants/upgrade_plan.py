"""What an upgrade must do in one tenant, decided from names and hashes before it is touched."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from smarter_connector.registry import InvalidRequest, ReleaseRow
from smarter_connector.tenants.modules import Manifest

BASE = "base"
"""Everything depends on it, so ``-u base`` upgrades everything."""


@dataclass(frozen=True)
class Installed:
    """What the tenant has: the modules in its database, and the digests the registry noted.

    A noted digest that is empty belongs to a module that the tenant's people took out.
    """

    modules: frozenset[str]
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """Modules to upgrade and to install, and the digests to note afterwards."""

    upgrade: tuple[str, ...]
    install: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.upgrade or self.install)


def plan(
    installed: Installed,
    old: ReleaseRow | None,
    new: ReleaseRow,
    offered: Mapping[str, Manifest],
    module_set: Collection[str] = (),
) -> Plan:
    """What leads from ``installed`` to ``new``.

    ``old`` is the release the tenant runs, None when the registry forgot it; ``offered`` are the
    new release's manifests. Raises InvalidRequest when the new release lacks a module that is
    installed, or holds an older version of one.
    """
    _check_not_lost(installed, old, new)
    _check_not_older(installed, old, new)
    install = _missing(installed, offered, module_set)
    build = old.odoo_build if old else ""
    if any(
        (installed.digests.get(name) or build) != new.odoo_build
        for name in installed.modules
        if name not in new.modules
    ):
        return Plan((BASE,), install)
    changed = [
        name
        for name in installed.modules & new.modules.keys()
        if installed.digests.get(name) != digest(new, name)
    ]
    return Plan(tuple(sorted(changed)), install)


def digest(release: ReleaseRow, module: str) -> str:
    """The hash of the module's code there; Odoo's own modules go by its build."""
    return release.modules.get(module, {}).get("digest", release.odoo_build)


def noted(release: ReleaseRow, installed: Collection[str], before: Collection[str]) -> dict:
    """The digests to note; what was there ``before`` and is not now must not come back."""
    gone = {name: "" for name in before if name not in installed}
    return gone | {name: digest(release, name) for name in sorted(installed)}


def _check_not_lost(installed: Installed, old: ReleaseRow | None, new: ReleaseRow) -> None:
    ours = old.modules.keys() if old else frozenset()
    if lost := sorted(installed.modules & ours - new.modules.keys()):
        raise InvalidRequest(
            f"release {new.name} does not have {', '.join(lost)}: uninstall it in Odoo first"
        )


def _check_not_older(installed: Installed, old: ReleaseRow | None, new: ReleaseRow) -> None:
    if old is None:
        return
    for name in sorted(installed.modules & old.modules.keys() & new.modules.keys()):
        before, after = (one.modules[name].get("version", "") for one in (old, new))
        if _numbers(after) < _numbers(before):
            raise InvalidRequest(
                f"release {new.name} has {name} {after}, older than {before}: Odoo cannot go back"
            )


def _missing(
    installed: Installed, offered: Mapping[str, Manifest], module_set: Collection[str]
) -> tuple[str, ...]:
    """What the new release needs or brings along, with what installs itself beside it."""
    refused = {name for name, noted in installed.digests.items() if not noted}
    have = set(installed.modules)
    # What was never there before; what people took out stays out.
    wanted = {name for name in module_set if name not in have | installed.digests.keys()}
    while True:
        needs = {
            need for name in have | wanted if name in offered for need in offered[name].depends
        }
        more = (needs | _by_themselves(have | wanted, offered) - refused) - have - wanted
        if not more:
            return tuple(sorted(wanted))
        wanted |= more


def _by_themselves(have: set[str], offered: Mapping[str, Manifest]) -> set[str]:
    return {
        name
        for name, manifest in offered.items()
        if manifest.auto_install is not None and have.issuperset(manifest.auto_install)
    }


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
