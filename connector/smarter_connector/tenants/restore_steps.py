"""One tenant's restore, step by step.

The archive is unpacked and checked beside the tenant, which goes on being served. Then it is closed
for the moment in which the two databases change names; the former one is the restore point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from smarter_connector.registry import InvalidRequest, OperationRow, TenantRow
from smarter_connector.tenants import filestore, outbox_state, readers
from smarter_connector.tenants.archive import Head
from smarter_connector.tenants.backup_unpack import check_file, unpack
from smarter_connector.tenants.backup_verify import check
from smarter_connector.tenants.exchange import Replacement, close, put_back, take_place
from smarter_connector.tenants.grants import give_rights_in_draft
from smarter_connector.tenants.mirror import mirror_into
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.reset.identity import forget_caches, set_parameters
from smarter_connector.tenants.reset.schema import Schema
from smarter_connector.tenants.steps import Facts, Step

KIND = "restore"
MAINTENANCE = "restore of the backup of "
"""How the registry's reason for the maintenance of a restore begins."""


@dataclass(frozen=True)
class Source:
    """An archive whose hash is known: what is in it will run in the server."""

    path: Path
    sha256: str
    backup: int | None = None

    def facts(self) -> dict[str, Any]:
        return {"path": str(self.path), "sha256": self.sha256, "backup": self.backup}


@dataclass(frozen=True)
class RestoreJob(Replacement):
    """The draft is the unpacked backup."""

    source: Source


def _unpack(platform: Platform, job: RestoreJob, facts: Mapping[str, Any]) -> Facts:
    def accept(head: Head) -> None:
        check(head, job.tenant)
        check_release(platform, head)

    return unpack_draft(platform, job.source, job.draft, accept)


def unpack_draft(platform: Platform, source: Source, draft: str, accept: Any) -> dict[str, Any]:
    """The archive as a database of the administrator's; returns what is known about it."""
    check_file(source.path, source.sha256)
    files = platform.filestore(draft)
    found = unpack(platform, source.path, draft, accept=accept, files=files)
    filestore.own_like(platform.settings.filestores, files)
    head = found.head
    return {
        "taken_at": head.taken_at, "release": head.release, "modules": dict(head.modules),
        "epoch": head.epoch, "files": found.files, "missing": len(found.missing),
    }  # fmt: skip


def check_release(platform: Platform, head: Head) -> None:
    """Raises InvalidRequest when no server could run the database afterwards."""
    known = {release.name for release in platform.registry.releases()}
    if head.release not in known:
        raise InvalidRequest(
            f"the archive is of release {head.release!r}, which is not in use: add it, then upgrade"
        )


def _adopt(platform: Platform, job: RestoreJob, facts: Mapping[str, Any]) -> Facts:
    """Tell the restored database what has changed since, and that its numbers start over."""
    tenant, settings = job.tenant, platform.settings
    above = _highest_epoch(platform, job)
    with platform.admin(job.draft) as connection, connection.transaction():
        schema = Schema.read(connection)
        raised = outbox_state.raise_epoch(connection, schema, held_reason(facts), above)
        ask_for_figures(connection, schema)
        mirror_into(connection, tenant)
        set_parameters(
            connection,
            {"web.base.url": settings.base_url(tenant.host), "web.base.url.freeze": "True"},
        )
        forget_caches(connection, schema)
    return {"raised": raised}


def held_reason(facts: Mapping[str, Any]) -> str:
    moment = datetime.fromisoformat(str(facts["taken_at"]))
    return f"Restored from the backup of {moment:%Y-%m-%d %H:%M} UTC."


def ask_for_figures(connection: psycopg.Connection, schema: Schema) -> None:
    """A request for each feed of the warehouse to capture all records again; Odoo's job does it."""
    if schema.has("smarter_backfill") and schema.has("smarter_subscription", "target"):
        connection.execute(
            "INSERT INTO smarter_backfill (subscription_id, create_uid, write_uid)"
            " SELECT id, 1, 1 FROM smarter_subscription WHERE active AND target = 'warehouse'"
        )


def _highest_epoch(platform: Platform, job: RestoreJob) -> int:
    """Of all that receivers may have seen: the present database may be lost."""
    registry = platform.registry
    epochs = [row.epoch for row in registry.backups(job.tenant.id)]
    epochs += [int(op.data.get("raised") or 0) for op in registry.operations(job.tenant.id, 1000)]
    present = next(
        (name for name in (job.restore_point, job.database) if platform.databases.exists(name)), ""
    )
    if present and platform.databases.allows_connections(present):
        with platform.admin(present) as connection:
            epochs.append(outbox_state.epoch(connection))
    return max(epochs, default=0)


def _begin_maintenance(platform: Platform, job: RestoreJob, facts: Mapping[str, Any]) -> Facts:
    reason = f"{MAINTENANCE}{facts['taken_at']}"
    platform.registry.update(job.tenant.id, "maintenance", {"for": KIND}, maintenance=reason)
    return None


def _swap(platform: Platform, job: RestoreJob, facts: Mapping[str, Any]) -> Facts:
    take_place(platform, job, KIND)
    platform.databases.give(job.database, platform.settings.odoo_role)
    return None


def _warehouse(platform: Platform, job: RestoreJob, facts: Mapping[str, Any]) -> Facts:
    """Figures of the hours that are lost must not stay; Odoo captures the rest again."""
    if job.tenant.kind == "production":
        readers.clear(platform, job.tenant.rut)
    return None


def _serve(platform: Platform, job: RestoreJob, facts: Mapping[str, Any]) -> Facts:
    point = job.restore_point if platform.databases.exists(job.restore_point) else None
    detail = {"backup": job.source.backup, "taken_at": facts["taken_at"],
              "epoch": facts["raised"], "restore_point": point}  # fmt: skip
    platform.registry.update(
        job.tenant.id, "restored", detail, release=facts["release"], modules=facts["modules"],
        maintenance=None,
    )  # fmt: skip
    return {"restore_point": point}


STEPS = (
    Step("unpack", _unpack, "restoring beside the tenant"),
    Step("adopt", _adopt, "raising the epoch, holding deliveries"),
    Step("grants", give_rights_in_draft, "granting rights"),
    Step("maintenance", _begin_maintenance, "putting up the maintenance page"),
    Step("close", close, "letting work under way end"),
    Step("swap", _swap, "taking the restored database into use"),
    Step("warehouse", _warehouse, "clearing its figures in the warehouse"),
    Step("serve", _serve, "serving it again"),
)


def undo(platform: Platform, job: RestoreJob, why: str) -> None:
    """Serve the tenant as it was before. May be repeated, and begun at any step."""
    put_back(platform, job, KIND)
    platform.registry.update(
        job.tenant.id, "restore failed", {"error": why[:2000]}, maintenance=None
    )


def is_served(tenant: TenantRow, operation: OperationRow) -> bool:
    """Whether people work in the restored database already: then nothing is taken back."""
    return operation.step in ("warehouse", "serve") and not tenant.maintenance


def job_of(operation: OperationRow, tenant: TenantRow) -> RestoreJob:
    data = operation.data
    source = Source(Path(str(data["path"])), str(data["sha256"]), data.get("backup"))
    return RestoreJob(tenant, operation.id, source)
