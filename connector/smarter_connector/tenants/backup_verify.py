"""A backup proved: restored into a database of its own, counted, and dropped again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from smarter_connector.registry import BackupRow, InvalidRequest, TenantRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.archive import BadArchive, Head
from smarter_connector.tenants.backup_unpack import check_file, unpack
from smarter_connector.tenants.platform import Platform, Say
from smarter_domain.tenancy import scratch_name


@dataclass(frozen=True)
class Verified:
    """What the restored database held. ``missing`` files were gone when the backup was taken."""

    backup: BackupRow
    tables: int
    rows: int
    files: int
    missing: int


def find(platform: Platform, backup_id: int) -> BackupRow:
    """Raises InvalidRequest for a backup that the registry does not know."""
    found = next((row for row in platform.registry.backups() if row.id == backup_id), None)
    if found is None:
        raise InvalidRequest(f"there is no backup {backup_id}")
    return found


def latest(platform: Platform, tenant: TenantRow) -> BackupRow:
    """The newest backup of a tenant. Raises InvalidRequest when there is none."""
    rows: Sequence[BackupRow] = platform.registry.backups(tenant.id)
    if not rows:
        raise InvalidRequest(f"there is no backup of {tenant.slug}")
    return rows[0]


def verify(platform: Platform, backup_id: int, *, progress: Say | None = None) -> Verified:
    """Restore the archive beside everything else and compare. The tenant is not touched.

    Raises BadArchive for an archive that cannot be used, StepFailed, and ConfigurationError
    without the private key.
    """
    platform = replace(platform, say=progress) if progress else platform
    row = find(platform, backup_id)
    tenant = platform.registry.tenant(row.tenant)
    database = scratch_name(secrets.token_hex(8))
    platform.say("reading the archive")
    try:
        check_file(Path(row.path), row.sha256)
        found = unpack(platform, Path(row.path), database, accept=lambda head: check(head, tenant))
    except OSError as error:
        raise StepFailed(f"the backup cannot be read: {error.strerror or error}") from error
    finally:
        platform.databases.drop(database)
    now = platform.now()
    row = platform.registry.update_backup(row.id, verified_at=now)
    platform.registry.note(tenant.id, "backup verified", {"backup": row.id})
    rows = sum(found.rows.values())
    return Verified(row, len(found.rows), rows, found.files, len(found.missing))


def check(head: Head, tenant: TenantRow) -> None:
    """Raises BadArchive unless the archive is one of this very database."""
    if (head.rut, head.kind) != (tenant.rut, tenant.kind):
        raise BadArchive(f"the archive is of {head.kind} {head.rut}, not of {tenant.rut}")
    if head.uuid != tenant.uuid:
        raise BadArchive(f"the archive is of another database of {head.rut}: its uuid differs")
