"""Tenants: made, opened for the first time, picked up by the connector."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from devkit import odoo_process
from devkit.bench.bed import Bed
from devkit.bench.figure import Figure, median, percentile
from devkit.bench.processes import memory_mb
from devkit.bench.tenant_bed import Served, TenantBed, open_page, opened
from devkit.templates import LANGUAGE
from smarter_connector.registry import TenantRow

WATCHED, ROW, PAGES = 10, 100, 20
PEER = "bench_tenant_peer"


def measure(bed: Bed) -> Iterator[Figure]:
    with opened(bed) as found:
        with found.odoo() as (port, pid), found.connector() as served:
            open_page(port, found.create().host)
            yield _picked_up(found, served)
            seconds, rows, total = _in_a_row(found)
            yield from _first_pages(port, pid, rows[-PAGES:])
        yield _row(found, rows, total)
        yield _create(found, seconds)


def _picked_up(found: TenantBed, served: Served) -> Figure:
    """From the registry's word that a tenant is active until the connector serves it."""
    waits = []
    for _ in range(WATCHED):
        row = found.create()
        assert row.database and row.activated_at
        waits.append(served.wait_for(row.database) - row.activated_at.timestamp())
    return Figure(
        "a new tenant's active entry to the connector serving it", median(waits), "s", "< 1",
        max(waits) < 1, {"worst": max(waits)}, _notes(tenants=WATCHED),
    )  # fmt: skip


def _in_a_row(found: TenantBed) -> tuple[list[float], list[TenantRow], float]:
    seconds, rows, begun = [], [], time.perf_counter()
    for _ in range(ROW):
        started = time.perf_counter()
        rows.append(found.create())
        seconds.append(time.perf_counter() - started)
    return seconds, rows, time.perf_counter() - begun


def _first_pages(port: int, pid: int, rows: list[TenantRow]) -> Iterator[Figure]:
    """Odoo loads a tenant's registry with the first page anybody opens."""
    before = memory_mb(pid)["rss"]
    first = [open_page(port, row.host) for row in rows]
    after = memory_mb(pid)["rss"]
    again = [open_page(port, row.host) for row in rows]
    yield Figure(
        "first login page of a new tenant in a warm server", median(first), "s", "< 3",
        max(first) < 3, {"worst": max(first), "second page": median(again)},
        _notes(tenants=len(rows)),
    )  # fmt: skip
    yield Figure(
        "memory of an Odoo process for each tenant it has opened", (after - before) / len(rows),
        "MB", beside={"the process before": before}, notes=_notes(tenants=len(rows)),
    )  # fmt: skip


def _row(found: TenantBed, rows: list[TenantRow], total: float) -> Figure:
    databases, own = found.platform.databases, 0
    sizes = [databases.size(row.database or "") for row in rows]
    for row in rows:
        folder = databases.filestore(row.database or "")
        own += sum(_own_bytes(os.path.join(at, n)) for at, _, ns in os.walk(folder) for n in ns)
    return Figure(
        f"{ROW} tenants created in a row", total, "s", "< 300", total < 300,
        {"MB of database each": median(sizes) / 2**20,
         "MB of files each that no other shares": own / len(rows) / 2**20},
        _notes(),
    )  # fmt: skip


def _own_bytes(path: str) -> int:
    status = os.stat(path)
    return status.st_size if status.st_nlink == 1 else 0


def _create(found: TenantBed, seconds: list[float]) -> Figure:
    """Beside Odoo's own way to a database with these modules, once, in the same run."""
    middle, peer = median(seconds), _install(found)
    return Figure(
        "creating a tenant, full set of modules", middle, "s", "< 3, 40 times faster than odoo -i",
        middle < 3 and peer / middle >= 40,
        {"p95": percentile(seconds, 0.95), "odoo -i": peer, "times faster": peer / middle},
        _notes(tenants=len(seconds), modules=len(found.platform.settings.modules)),
    )  # fmt: skip


def _install(found: TenantBed) -> float:
    """Seconds of ``odoo -i`` of the same modules into an empty database, as with one command."""
    platform, runtime = found.platform, found.bed.runtime
    platform.databases.clone(platform.settings.base_template, PEER)
    platform.databases.give(PEER, platform.settings.odoo_role)
    started = time.perf_counter()
    try:
        odoo_process.install(
            runtime, PEER, platform.settings.modules, f"--load-language={LANGUAGE}"
        )
        return time.perf_counter() - started
    finally:
        platform.databases.drop(PEER)


def _notes(**more: object) -> dict[str, object]:
    """What a figure of a shared machine must say: how many processes wanted its cores."""
    return {**more, "load": round(os.getloadavg()[0], 1)}
