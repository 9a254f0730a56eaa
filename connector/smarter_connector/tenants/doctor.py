"""Is every tenant as it should be? Reads only; each finding says what to do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence

import psycopg

from smarter_connector.exceptions import ConnectorError, first_line
from smarter_connector.registry import TenantRow
from smarter_connector.tenants import restore_login, restore_points, templates
from smarter_connector.tenants.findings import Case, Finding, examine
from smarter_connector.tenants.jobs import SERVED
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.reset.schema import Schema
from smarter_domain.tenancy import InvalidName, parse_database_name

PLATFORM = "platform"
DISK_LEAST = 0.10
"""Of the disk with the filestores that should be free."""
_OF_TENANT = re.compile(r"(?:new|pre|del)_(\d+)(?:_\d+)?")


def doctor(
    platform: Platform, keys: Sequence[str | int] = (), *, progress: Say | None = None
) -> list[Finding]:
    """Examine the tenants named, or everything. Raises UnknownTenant and RegistryUnavailable."""
    say = progress or platform.say
    registry = platform.registry
    tenants = [registry.tenant(key) for key in keys] or registry.tenants(kind=None)
    findings = [] if keys else list(_platform(platform, tenants))
    for tenant in tenants:
        say(tenant.slug)
        findings += _tenant(platform, tenant)
    return findings


def _tenant(platform: Platform, tenant: TenantRow) -> Iterator[Finding]:
    """A tenant that is not served is only asked whether somebody still works on it."""
    if tenant.status == "provisioning":
        yield Finding(
            tenant.slug, "operations", "warning", "creation is not finished: repeat or abandon it"
        )
        return
    if tenant.status not in SERVED or not tenant.database:
        return
    if not platform.databases.exists(tenant.database):
        message = f"the database {tenant.database} is gone: restore it"
        yield Finding(tenant.slug, "database", "error", message)
        return
    try:
        with platform.admin(tenant.database) as connection:
            yield Finding(tenant.slug, "database")
            yield from examine(Case(platform, tenant, connection, Schema.read(connection)))
    except (ConnectorError, psycopg.Error) as error:
        yield Finding(tenant.slug, "database", "error", first_line(error))


def _platform(platform: Platform, tenants: Sequence[TenantRow]) -> Iterator[Finding]:
    yield _template(platform)
    yield _disk(platform)
    known = {tenant.database for tenant in tenants}
    by_id = {tenant.id: tenant for tenant in tenants}
    for name in platform.databases.names():
        if message := _left_over(platform, name, known, by_id):
            yield Finding(PLATFORM, "databases", "warning", f"{name}: {message}")
    for login in restore_login.left(platform):
        message = "left by a restore that was killed, unless one is running: "
        message += f"smarteros-tenant restore-points --sweep drops it after {restore_login.HOURS} h"
        yield Finding(PLATFORM, "logins", "warning", f"{login.role}: {message}")
    for point in restore_points.overdue(platform):
        message = "its time is over: run smarteros-tenant restore-points --sweep"
        yield Finding(PLATFORM, "restore points", "warning", f"{point.database}: {message}")


def _template(platform: Platform) -> Finding:
    try:
        templates.usable(platform)
    except ConnectorError as error:
        return Finding(PLATFORM, "template", "error", str(error))
    return Finding(PLATFORM, "template")


def _disk(platform: Platform) -> Finding:
    usage = shutil.disk_usage(platform.settings.data_dir)
    if usage.free < DISK_LEAST * usage.total:
        left = usage.free // 2**20
        return Finding(PLATFORM, "disk", "warning", f"only {left} MiB are free for filestores")
    return Finding(PLATFORM, "disk")


def _left_over(
    platform: Platform, name: str, known: set[str | None], tenants: dict[int, TenantRow]
) -> str:
    """Why a database should not be there; empty when it may."""
    if name.startswith("scratch_"):
        return "left by a command that was killed; drop it unless one is running"
    if match := _OF_TENANT.fullmatch(name):
        tenant = tenants.get(int(match[1]))
        if tenant is None:
            return "" if platform.settings.testing else "it belongs to no tenant of the registry"
        expected = {"new": "provisioning", "del": "deleted"}.get(name[:3])
        working = platform.registry.open_operation(tenant.id)
        if expected and tenant.status != expected and not working:
            return f"left by a command that was killed; {tenant.slug} is {tenant.status}"
        return ""
    return _unknown(name, known)


def _unknown(name: str, known: set[str | None]) -> str:
    try:
        parse_database_name(name)
    except InvalidName:
        return ""
    return "" if name in known else "it has a tenant's name, and the registry does not know it"
