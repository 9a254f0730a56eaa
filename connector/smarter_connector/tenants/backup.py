"""A tenant's database and files in one encrypted archive, taken while people work.

The database is dumped first, in a snapshot; then the files that this snapshot names. Everything
goes through pipes into one file, which gets its name once it is whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.registry import BackupRow, InvalidRequest, OperationRow, TenantRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import age
from smarter_connector.tenants.archive import Head
from smarter_connector.tenants.archive_writer import ArchiveWriter
from smarter_connector.tenants.backup_dump import dumping
from smarter_connector.tenants.backup_snapshot import Snapshot, snapshot
from smarter_connector.tenants.jobs import check_status, held
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.steps import Facts, Step, run_steps

KIND = "backup"
SUFFIX = ".tar.age"
PART = ".part"


@dataclass(frozen=True)
class BackupJob:
    tenant: TenantRow
    path: Path
    taken_at: datetime

    @property
    def database(self) -> str:
        assert self.tenant.database  # checked where the job begins
        return self.tenant.database


def backup(platform: Platform, key: str | int, *, progress: Say | None = None) -> BackupRow:
    """Take a backup of a tenant that is served. It is entered in the registry once it is whole.

    What a killed command left half written is removed. Raises ConfigurationError without a key or
    a folder, Busy while another command works on the tenant, InvalidRequest, and StepFailed (a full
    disk); then there is no new file.
    """
    platform = replace(platform, say=progress) if progress else platform
    age.recipient(platform.settings.backup_recipient)
    with held(platform, key) as (tenant, lock):
        check_status(tenant)
        if tenant.maintenance:
            raise InvalidRequest(f"{tenant.slug} is in maintenance: {tenant.maintenance}")
        job, operation = _begin(platform, tenant)
        run_steps(platform, lock, operation, STEPS, job)
        return _row(platform, job)


def backups_dir(platform: Platform) -> Path:
    """Where the archives lie. Raises ConfigurationError."""
    if platform.settings.backups_dir is None:
        raise ConfigurationError("SMARTEROS_BACKUPS_DIR is not set: where are backups to lie?")
    return platform.settings.backups_dir


def _begin(platform: Platform, tenant: TenantRow) -> tuple[BackupJob, OperationRow]:
    registry = platform.registry
    left = registry.open_operation(tenant.id, KIND)
    if left and left.step:  # it was killed when the archive was whole and perhaps not entered
        return _job(tenant, left), left
    if left:
        _remove(Path(str(left.data["path"])))
        registry.finish(left, error="it was killed")
    now = platform.now()
    name = f"{now:%Y%m%dT%H%M%S_%fZ}{SUFFIX}"
    path = backups_dir(platform).absolute() / str(tenant.database) / name
    data = {"path": str(path), "taken_at": now.isoformat()}
    operation = registry.begin(tenant.id, KIND, data)
    return _job(tenant, operation), operation


def _job(tenant: TenantRow, operation: OperationRow) -> BackupJob:
    taken_at = datetime.fromisoformat(str(operation.data["taken_at"]))
    return BackupJob(tenant, Path(str(operation.data["path"])), taken_at)


def _write(platform: Platform, job: BackupJob, facts: Mapping[str, Any]) -> Facts:
    key = age.recipient(platform.settings.backup_recipient)
    job.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with snapshot(platform, job.database) as state:
        if state.uuid != job.tenant.uuid:
            raise StepFailed(f"the database {job.database} is not that of {job.tenant.slug}")
        with (
            _new_file(job.path) as target,
            age.encrypting(target, key) as stream,
            ArchiveWriter(stream, platform.telling("writing the archive")) as writer,
        ):
            _fill(platform, writer, job, state)
    return {
        "bytes": target.size, "sha256": target.digest, "epoch": state.epoch,
        "files": writer.files, "missing": len(writer.missing), "elsewhere": state.elsewhere,
    }  # fmt: skip


def _fill(platform: Platform, writer: ArchiveWriter, job: BackupJob, state: Snapshot) -> None:
    writer.head(head_of(platform, job.tenant, state, job.taken_at))
    with dumping(platform, job.database, state) as dump:
        writer.dump(dump)
    platform.reached(f"{KIND}:dumped")
    folder = platform.filestore(job.database)
    for name in state.files:
        writer.file(folder, name)
    writer.finish(state.rows)


def head_of(platform: Platform, tenant: TenantRow, state: Snapshot, taken_at: datetime) -> Head:
    """Enough to make the tenant again on a server that never heard of it."""
    known = {release.name: release for release in platform.registry.releases(retired=True)}
    release = known.get(tenant.release)
    return Head(
        rut=tenant.rut, uuid=state.uuid, kind=tenant.kind, name=tenant.name, slug=tenant.slug,
        plan=tenant.plan, release=tenant.release, module_set=tenant.module_set,
        admin_email=tenant.admin_email, epoch=state.epoch, taken_at=taken_at.isoformat(),
        odoo_build=release.odoo_build if release else "", hosts=tenant.hosts,
        modules=dict(tenant.modules), external_ids=dict(tenant.external_ids),
        extensions=state.extensions,
    )  # fmt: skip


def _enter(platform: Platform, job: BackupJob, facts: Mapping[str, Any]) -> Facts:
    if any(row.path == str(job.path) for row in platform.registry.backups(job.tenant.id)):
        return None
    platform.registry.add_backup(
        job.tenant.id, str(job.path), taken_at=job.taken_at, bytes=facts["bytes"],
        sha256=facts["sha256"], release=job.tenant.release, epoch=facts["epoch"],
    )  # fmt: skip
    detail = {key: facts[key] for key in ("bytes", "epoch", "files", "missing", "elsewhere")}
    platform.registry.note(job.tenant.id, "backed up", {"path": str(job.path), **detail})
    return None


STEPS = (
    Step("write", _write, "writing the archive"),
    Step("enter", _enter, "entering it in the registry"),
)


def _row(platform: Platform, job: BackupJob) -> BackupRow:
    rows = platform.registry.backups(job.tenant.id)
    return next(row for row in rows if row.path == str(job.path))


class _Counted:
    """A file with the number and the hash of the bytes written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = 0
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def _new_file(path: Path) -> Iterator[Any]:
    """A file that has its name, and is on the disk, when the block has ended well; else none."""
    draft = path.with_name(path.name + PART)
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(handle, "wb") as file:
            yield _Counted(file)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        _sync(path.parent)
    except BaseException:
        _remove(path)
        raise


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    for one in (path, path.with_name(path.name + PART)):
        with suppress(FileNotFoundError):
            one.unlink()
