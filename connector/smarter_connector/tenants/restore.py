"""Backups brought back: to the tenant they are of, or as a new tenant where there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from smarter_connector.exceptions import ConnectorError
from smarter_connector.registry import InvalidRequest, Lock, OperationRow, TenantRow
from smarter_connector.tenants import age
from smarter_connector.tenants.backup_verify import find, latest
from smarter_connector.tenants.exchange import after_failure, left_closed
from smarter_connector.tenants.jobs import check_idle, check_no_page, check_status, held
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.restore_steps import (
    KIND,
    MAINTENANCE,
    STEPS,
    RestoreJob,
    Source,
    is_served,
    job_of,
    undo,
)
from smarter_connector.tenants.steps import run_steps

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Restored:
    """``restore_point`` is the tenant as it was before, None when its database was lost. Deliveries
    wait until they are released."""

    tenant: TenantRow
    taken_at: str
    epoch: int
    files: int
    missing: int
    restore_point: str | None


def restore(
    platform: Platform,
    key: str | int,
    *,
    backup: int | None = None,
    file: Path | None = None,
    sha256: str = "",
    progress: Say | None = None,
) -> Restored:
    """Put a tenant back to a backup, its newest one unless told; a killed command is run again.

    ``file`` is an archive that the registry does not know: its ``sha256`` must be given, for what
    is in it runs in the server. Raises BadArchive, InvalidRequest, Busy, ConfigurationError and
    StepFailed; then the tenant is served as it was.
    """
    platform = replace(platform, say=progress) if progress else platform
    age.identities(platform.settings.backup_identity_file)
    with held(platform, key) as (tenant, lock):
        check_status(tenant)
        source = source_of(platform, tenant, backup, file, sha256)
        operation = _left(platform, tenant, source)
        operation = operation or _begin(platform, tenant.id, source)
        return _run(platform, lock, job_of(operation, tenant), operation)


def source_of(
    platform: Platform, tenant: TenantRow, backup: int | None, file: Path | None, sha256: str
) -> Source:
    """The archive that was asked for. Raises InvalidRequest."""
    if file is not None:
        return file_source(file, sha256)
    row = latest(platform, tenant) if backup is None else find(platform, backup)
    if row.tenant != tenant.id:
        raise InvalidRequest(f"backup {row.id} is not one of {tenant.slug}")
    return Source(Path(row.path), row.sha256, row.id)


def file_source(file: Path, sha256: str) -> Source:
    """An archive the registry does not know. Raises InvalidRequest without its hash."""
    if not _SHA256.fullmatch(sha256):
        raise InvalidRequest(f"give the SHA-256 that {file} must have: who made it?")
    return Source(file.absolute(), sha256.lower())


def _left(platform: Platform, tenant: TenantRow, source: Source) -> OperationRow | None:
    """What a killed command left: gone on with if it is the same, else taken back."""
    registry = platform.registry
    operation = registry.open_operation(tenant.id, KIND)
    if operation is None:
        if left := left_closed(platform, tenant, KIND, MAINTENANCE):
            undo(platform, job_of(left, tenant), left.error)
        return None
    if job_of(operation, tenant).source == source:
        return operation
    if is_served(tenant, operation):
        registry.finish(operation)
        return None
    undo(platform, job_of(operation, tenant), "another backup was asked for")
    registry.finish(operation, error="another backup was asked for")
    return None


def _begin(platform: Platform, tenant_id: int, source: Source) -> OperationRow:
    tenant = platform.registry.tenant(tenant_id)
    check_idle(platform, tenant, KIND)
    check_no_page(tenant)
    return platform.registry.begin(tenant_id, KIND, source.facts())


def _run(platform: Platform, lock: Lock, job: RestoreJob, operation: OperationRow) -> Restored:
    try:
        done = run_steps(platform, lock, operation, STEPS, job)
    except ConnectorError as error:
        after_failure(platform, lock, job, error, is_served, undo)
        raise
    facts = done.data
    tenant = platform.registry.tenant(job.tenant.id)
    return Restored(
        tenant, facts["taken_at"], facts["raised"], facts["files"], facts["missing"],
        facts["restore_point"],
    )  # fmt: skip
