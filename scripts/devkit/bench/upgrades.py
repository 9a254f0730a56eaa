"""Tenants upgraded for a change of one small addon: one after the other, then several at once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from devkit.bench.bed import Bed
from devkit.bench.figure import Figure, median
from devkit.bench.tenant_bed import TenantBed, opened
from devkit.paths import REPO, SetupError
from smarter_connector.registry import TenantRow
from smarter_connector.tenants import Report, releases, upgrade

TENANTS, ALONE = 20, 6
ADDON = "smarter_events_stock"


def measure(bed: Bed) -> Iterator[Figure]:
    with opened(bed) as found:
        settings = found.platform.settings.model_copy(update={"restore_point_hours": 0})
        found.platform = replace(found.platform, settings=settings)
        rows = [found.create() for _ in range(TENANTS)]
        _upgrade(found, "bench-0", rows, jobs=settings.jobs)  # the code as it is: nothing to do
        alone = _upgrade(found, "bench-1", rows[:ALONE], jobs=1)
        together = _upgrade(found, "bench-2", rows, jobs=settings.jobs)
        yield _figure(alone, together)


def _figure(alone: Report, together: Report) -> Figure:
    """The canary, which goes first and alone, counts in both."""
    one_by_one, at_once = (one.seconds / len(one.outcomes) for one in (alone, together))
    middle = median([one.seconds for one in together.outcomes])
    return Figure(
        f"upgrading {TENANTS} tenants for one small addon, {together.jobs} at once", at_once,
        "s a tenant", "",
        None, {"one after the other": one_by_one, "in maintenance, median": middle,
               "all of them": together.seconds, "times faster at once": one_by_one / at_once},
        {"tenants": TENANTS, "alone": ALONE, "addon": ADDON, "load": round(os.getloadavg()[0], 1)},
    )  # fmt: skip


def _upgrade(found: TenantBed, name: str, rows: list[TenantRow], jobs: int) -> Report:
    platform = found.platform
    start = found.bed.folder / "bench-0"
    path = _release(start if start.exists() else REPO, found.bed.folder / name, name)
    build = platform.registry.releases()[0].odoo_build
    releases.add(platform, path, name=name, odoo_build=build)
    report = upgrade(platform, [row.id for row in rows], name, jobs=jobs)
    for one in report.of("failed", "skipped"):
        raise SetupError(f"{one.slug}: {one.state} {one.error}")
    return report


def _release(source: Path, folder: Path, mark: str) -> Path:
    """A copy of code that may change meanwhile; the addon differs in all but the first."""
    ignored = shutil.ignore_patterns("__pycache__", "tests")
    for part in (Path("addons"), Path("connector") / "smarter_domain"):
        shutil.copytree(source / part, folder / part, ignore=ignored)
    if source != REPO:
        with (folder / "addons" / ADDON / "__init__.py").open("a") as file:
            file.write(f"\n# {mark}\n")
    return folder
