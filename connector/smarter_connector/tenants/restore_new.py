"""A tenant made from an archive: its RUT has none (it was purged, or this is another server).

It is another database then: it gets a uuid, a secret and signing keys of its own. People keep their
logins, and deliveries wait until they are released.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from smarter_connector.registry import (
    Conflict,
    NewTenant,
    OperationRow,
    TenantRow,
    UnknownTenant,
)
from smarter_connector.tenants import age, outbox_state, readers
from smarter_connector.tenants.archive import BadArchive, Head
from smarter_connector.tenants.archive_reader import read_head
from smarter_connector.tenants.backup_unpack import check_file
from smarter_connector.tenants.grants import give_rights_in_draft
from smarter_connector.tenants.jobs import Drafted
from smarter_connector.tenants.mirror import mirror_into
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.publish import publish
from smarter_connector.tenants.reset import secrets
from smarter_connector.tenants.reset.identity import forget_caches, set_parameters
from smarter_connector.tenants.reset.schema import Schema
from smarter_connector.tenants.restore import Restored
from smarter_connector.tenants.restore_steps import (
    Source,
    ask_for_figures,
    check_release,
    held_reason,
    unpack_draft,
)
from smarter_connector.tenants.steps import Facts, Step, run_steps
from smarter_domain.rut import Rut
from smarter_domain.tenancy import database_name

KIND = "restore_new"


@dataclass(frozen=True)
class NewJob(Drafted):
    source: Source
    head: Head

    @property
    def database(self) -> str:
        return database_name(self.tenant.rut)


def restore_new(
    platform: Platform,
    rut: str,
    source: Source,
    *,
    slug: str = "",
    hosts: Sequence[str] = (),
    progress: Say | None = None,
) -> Restored:
    """Make the tenant of ``rut`` from an archive of that RUT; slug and hosts are the archive's
    unless given. A killed command is run again.

    An archive of another RUT is refused: its books are that RUT's. For a trial, clone to staging.
    Raises Conflict when the RUT has a tenant, BadArchive, InvalidRequest and StepFailed.
    """
    platform = replace(platform, say=progress) if progress else platform
    wanted = Rut.parse(rut).plain
    check_file(source.path, source.sha256)
    head = _head(platform, source)
    _check(platform, head, wanted)
    tenant = _published(platform, wanted, source) or _reserve(platform, head, slug, hosts)
    with platform.registry.lock(tenant.id) as lock:
        job = NewJob(platform.registry.tenant(tenant.id), source, head)
        operation = _begin(platform, job)
        done = run_steps(platform, lock, operation, STEPS, job).data
    row = platform.registry.tenant(tenant.id)
    return Restored(row, done["taken_at"], done["raised"], done["files"], done["missing"], None)


def _head(platform: Platform, source: Source) -> Head:
    keys = age.identities(platform.settings.backup_identity_file)
    with source.path.open("rb") as file:
        return read_head(lambda: age.decrypting(file, keys))


def _check(platform: Platform, head: Head, wanted: str) -> None:
    if head.rut != wanted:
        raise BadArchive(f"the archive is of {head.rut}, not of {wanted}: for a trial of it, "
                         "restore it as what it is and clone that to staging")  # fmt: skip
    if head.kind != "production":
        raise BadArchive("the archive is of a copy for tests: no tenant is made of one")
    check_release(platform, head)


def _published(platform: Platform, rut: str, source: Source) -> TenantRow | None:
    """The tenant whose restore was killed when only the end of it was not noted."""
    try:
        tenant = platform.registry.tenant(rut)
    except UnknownTenant:
        return None
    operation = platform.registry.open_operation(tenant.id, KIND)
    return tenant if operation and operation.data.get("sha256") == source.sha256 else None


def _reserve(platform: Platform, head: Head, slug: str, hosts: Sequence[str]) -> TenantRow:
    """Raises Conflict when RUT, slug or host has a tenant."""
    wanted = NewTenant(
        rut=head.rut, name=head.name, slug=slug or head.slug, plan=head.plan,
        hosts=tuple(hosts or head.hosts), admin_email=head.admin_email, release=head.release,
        module_set=head.module_set, modules=dict(head.modules),
        external_ids=dict(head.external_ids),
    )  # fmt: skip
    return platform.registry.reserve(wanted)


def _begin(platform: Platform, job: NewJob) -> OperationRow:
    registry, tenant = platform.registry, job.tenant
    operation = registry.open_operation(tenant.id, KIND)
    if operation and operation.data.get("sha256") == job.source.sha256:
        return operation
    if tenant.status != "provisioning":
        raise Conflict(f"the RUT {tenant.rut} belongs to tenant {tenant.slug}, {tenant.status}")
    if other := registry.open_operation(tenant.id):
        if other.kind != KIND:
            raise Conflict(f"{tenant.slug} is being made: end that, or abandon it")
        registry.finish(other, error="another archive was asked for")
    return registry.begin(tenant.id, KIND, job.source.facts())


def _unpack(platform: Platform, job: NewJob, facts: Mapping[str, Any]) -> Facts:
    def accept(head: Head) -> None:
        if head != job.head:
            raise BadArchive("the archive changed while it was read")

    return unpack_draft(platform, job.source, job.draft, accept)


def _adopt(platform: Platform, job: NewJob, facts: Mapping[str, Any]) -> Facts:
    url = platform.settings.base_url(job.tenant.host)
    own = str(uuid.uuid4())
    with platform.admin(job.draft) as connection, connection.transaction():
        schema = Schema.read(connection)
        raised = outbox_state.raise_epoch(connection, schema, held_reason(facts), 0)
        ask_for_figures(connection, schema)
        _renew(connection, schema, own, url)
        mirror_into(connection, replace(job.tenant, status="active"))
        forget_caches(connection, schema)
    return {"uuid": own, "raised": raised}


def _renew(connection: psycopg.Connection, schema: Schema, own: str, url: str) -> None:
    set_parameters(connection, {
        "database.uuid": own, "database.secret": str(uuid.uuid4()),
        "web.base.url": url, "web.base.url.freeze": "True",
    })  # fmt: skip
    if schema.has("smarter_subscription_key", "secret"):
        connection.execute("DELETE FROM smarter_subscription_key")
        secrets.renew_signing_keys(connection, schema)


def _warehouse(platform: Platform, job: NewJob, facts: Mapping[str, Any]) -> Facts:
    readers.enter(platform, job.tenant.rut, job.tenant.name)
    readers.clear(platform, job.tenant.rut)
    return None


def _publish(platform: Platform, job: NewJob, facts: Mapping[str, Any]) -> Facts:
    detail = {"taken_at": facts["taken_at"], "epoch": facts["raised"], "from": job.head.uuid}
    publish(
        platform, job, KIND, "restored as new", detail, uuid=facts["uuid"],
        modules=facts["modules"], release=facts["release"],
    )  # fmt: skip
    return None


STEPS = (
    Step("unpack", _unpack, "restoring the archive"),
    Step("adopt", _adopt, "renewing its identity"),
    Step("grants", give_rights_in_draft, "granting rights"),
    Step("warehouse", _warehouse, "entering it in the warehouse"),
    Step("publish", _publish, "publishing"),
)
