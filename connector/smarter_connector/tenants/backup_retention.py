"""Which backups stay: the newest of so many days, weeks and months, and always the last good one.

Periods are those of UTC, so the rule does not depend on where it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from smarter_connector.registry import BackupRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.platform import Platform, Say


@dataclass(frozen=True)
class Policy:
    """Of how many periods that have a backup the newest one is kept."""

    daily: int
    weekly: int
    monthly: int

    @classmethod
    def of(cls, platform: Platform) -> Policy:
        settings = platform.settings
        return cls(
            settings.backup_keep_daily, settings.backup_keep_weekly, settings.backup_keep_monthly
        )


def kept(backups: Sequence[BackupRow], policy: Policy, now: datetime) -> set[int]:
    """The ids to keep of one tenant's backups.

    Besides the policy: the newest, the newest that was verified, what somebody asked to keep until
    a day to come.
    """
    newest_first = sorted(backups, key=lambda row: (row.taken_at, row.id), reverse=True)
    verified = [row for row in newest_first if row.verified_at]
    found = {row.id for row in (*newest_first[:1], *verified[:1])}
    found |= {row.id for row in backups if row.kept_until and row.kept_until > now}
    found |= _newest_of(newest_first, policy.daily, lambda day: (day.year, day.month, day.day))
    found |= _newest_of(newest_first, policy.weekly, lambda day: day.isocalendar()[:2])
    return found | _newest_of(newest_first, policy.monthly, lambda day: (day.year, day.month))


def prune(
    platform: Platform, tenants: Sequence[int] | None = None, *, progress: Say | None = None
) -> list[BackupRow]:
    """Remove what the policy does not keep, of these tenants or of all; returns what is gone."""
    platform = replace(platform, say=progress) if progress else platform
    now = platform.now()
    every = platform.registry.backups()
    chosen = {row.tenant for row in every} if tenants is None else set(tenants)
    gone = []
    for tenant in sorted(chosen):
        own = [row for row in every if row.tenant == tenant]
        staying = kept(own, Policy.of(platform), now)
        gone += [remove(platform, row) for row in own if row.id not in staying]
    return gone


def remove(platform: Platform, row: BackupRow) -> BackupRow:
    """The file first: a killed command leaves an entry that the next one removes."""
    platform.say(f"removing {row.path}")
    try:
        Path(row.path).unlink(missing_ok=True)
    except OSError as error:
        raise StepFailed(f"{row.path} cannot be removed: {error.strerror or error}") from error
    platform.registry.remove_backup(row.id)
    platform.registry.note(row.tenant, "backup removed", {"backup": row.id, "path": row.path})
    return row


def keep(platform: Platform, row: BackupRow, days: int) -> BackupRow:
    """Keep a backup for so many days from now, whatever the policy says; 0 lets go of it."""
    now = platform.now()
    until = now + timedelta(days=days) if days else None
    return platform.registry.update_backup(row.id, kept_until=until)


def _newest_of(
    newest_first: Sequence[BackupRow], periods: int, period: Callable[[datetime], tuple]
) -> set[int]:
    newest: dict[tuple, int] = {}
    for row in newest_first:
        newest.setdefault(period(row.taken_at.astimezone(UTC)), row.id)
    return set(list(newest.values())[:periods])
