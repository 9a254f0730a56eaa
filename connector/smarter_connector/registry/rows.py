"""What the registry holds, as values; each has the columns of its table in ``schema.sql``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Kind = Literal["production", "staging"]
Status = Literal["provisioning", "active", "suspended", "deleted", "purged"]


@dataclass(frozen=True, slots=True)
class TenantRow:
    """One tenant. ``hosts`` has the primary one first; ``maintenance`` set means 503."""

    id: int
    kind: Kind
    rut: str
    name: str
    slug: str
    plan: str
    status: Status
    status_reason: str
    maintenance: str | None
    database: str | None
    uuid: str | None
    release: str
    module_set: str
    modules: Mapping[str, str]
    external_ids: Mapping[str, Any]
    admin_email: str
    created_at: datetime
    updated_at: datetime
    activated_at: datetime | None
    deleted_at: datetime | None
    purge_after: datetime | None
    source_tenant: int | None
    hosts: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "hosts", tuple(self.hosts))

    @property
    def host(self) -> str:
        """The primary host, or nothing."""
        return self.hosts[0] if self.hosts else ""


@dataclass(frozen=True, slots=True)
class OperationRow:
    """Work on one tenant. ``step`` is the last one that is done."""

    id: int
    tenant: int
    kind: str
    state: Literal["running", "done", "failed"]
    step: str
    data: Mapping[str, Any]
    error: str
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    id: int
    at: datetime
    tenant: int | None
    rut: str
    event: str
    actor: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """Code that tenants run. ``modules`` is ``{name: {"version": ..., "digest": ...}}``."""

    name: str
    path: str
    odoo_build: str
    modules: Mapping[str, Mapping[str, str]]
    pool: str
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A database that tenants are cloned from."""

    database: str
    release: str
    module_set: str
    modules: tuple[str, ...]
    digest: str
    state: Literal["building", "ready", "stale"]
    created_at: datetime
    used_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "modules", tuple(self.modules))


@dataclass(frozen=True, slots=True)
class BackupRow:
    id: int
    tenant: int
    path: str
    taken_at: datetime
    bytes: int
    sha256: str
    release: str
    epoch: int
    verified_at: datetime | None
    kept_until: datetime | None
