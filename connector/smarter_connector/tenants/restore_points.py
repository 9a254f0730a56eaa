"""Restore points: tenants' databases as they were before an upgrade, closed to everybody.

A restore point is the tenant's own former database, now ``pre_<tenant>_<operation>``, with its
files, owned by the administrator. It costs disk, so it goes when its time is over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from smarter_connector.registry import InvalidRequest, UnknownTenant
from smarter_connector.tenants import restore_login
from smarter_connector.tenants.platform import Platform, Say

_NAME = re.compile(r"pre_(\d{1,18})_(\d{1,18})")
OPERATIONS_READ = 1000


@dataclass(frozen=True)
class RestorePoint:
    """``made_at`` is when the operation ended that it was made for; None while it has not, or when
    the registry does not know it. ``kept``: somebody asked to keep it."""

    database: str
    tenant: int
    slug: str
    operation: int
    made_at: datetime | None
    kept: bool

    def is_due(self, now: datetime, hours: int) -> bool:
        return bool(self.made_at and not self.kept and self.made_at + timedelta(hours=hours) <= now)


def list_(platform: Platform) -> list[RestorePoint]:
    """Every restore point of the server, oldest first."""
    found = (_NAME.fullmatch(name) for name in platform.databases.names("pre_"))
    return [_read(platform, m[0], int(m[1]), int(m[2])) for m in found if m]


def overdue(platform: Platform) -> list[RestorePoint]:
    """Those whose time is over."""
    now = platform.now()
    hours = platform.settings.restore_point_hours
    return [point for point in list_(platform) if point.is_due(now, hours)]


def sweep(platform: Platform, *, progress: Say | None = None) -> list[str]:
    """Drop those whose time is over, and logins that killed restores left; returns the names of
    the restore points."""
    restore_login.sweep(platform)
    due = overdue(platform)
    for point in due:
        (progress or platform.say)(f"dropping {point.database}")
        platform.databases.drop(point.database)
        platform.registry.note(point.tenant, "restore point dropped", {"name": point.database})
    return [point.database for point in due]


def drop(platform: Platform, name: str) -> None:
    """Drop one, kept or not. Raises InvalidRequest for one that is in use or is none."""
    found = next((point for point in list_(platform) if point.database == name), None)
    if found is None:
        raise InvalidRequest(f"there is no restore point {name[:80]!r}")
    if found.made_at is None and found.slug:
        raise InvalidRequest(f"{name} may still be needed: its operation has not ended")
    platform.databases.drop(name)
    if found.slug:
        platform.registry.note(found.tenant, "restore point dropped", {"name": name})


def _read(platform: Platform, database: str, tenant: int, operation: int) -> RestorePoint:
    try:
        slug = platform.registry.tenant(tenant).slug
    except UnknownTenant:
        return RestorePoint(database, tenant, "", operation, None, False)
    rows = platform.registry.operations(tenant, OPERATIONS_READ)
    row = next((row for row in rows if row.id == operation), None)
    ended = row.finished_at if row and row.state == "done" else None
    kept = bool(row and row.data.get("keep"))
    return RestorePoint(database, tenant, slug, operation, ended, kept)
