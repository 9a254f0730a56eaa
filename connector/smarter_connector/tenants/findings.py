"""What is wrong with one tenant, asked of the server, its database, its files and the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import psycopg

from smarter_connector.exceptions import first_line
from smarter_connector.provisioning import audit_role
from smarter_connector.registry import TenantRow
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.reset.schema import Schema

Level = Literal["ok", "warning", "error"]

CRON_LATE_MINUTES = 60
OUTBOX_LATE_MINUTES = 60
FILES_CHECKED = 2000

_UUID = "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'"
_URL = "SELECT value FROM ir_config_parameter WHERE key = 'web.base.url'"
_PUBLIC = """SELECT has_database_privilege('public', datname, 'CONNECT') FROM pg_database
             WHERE datname = current_database()"""
#: A database cloned from a template has the template's times until its first actions have run.
_CRON = """SELECT extract(epoch FROM now() - min(greatest(
               nextcall AT TIME ZONE 'utc', %s::timestamptz))) / 60
           FROM ir_cron WHERE active"""
_FILES = "SELECT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL ORDER BY id DESC"
_PENDING = """SELECT extract(epoch FROM now() AT TIME ZONE 'utc' - min(due_at)) / 60
              FROM smarter_delivery WHERE state IN ('pending', 'leased')"""
_DEAD = "SELECT count(*) FROM smarter_delivery WHERE state = 'dead'"
_MOVING = "SELECT string_agg(name, ', ') FROM ir_module_module WHERE state LIKE 'to %'"


@dataclass(frozen=True)
class Finding:
    """One question and its answer. ``message`` says what is wrong and what to do; "" when fine."""

    tenant: str
    check: str
    level: Level = "ok"
    message: str = ""


@dataclass(frozen=True)
class Case:
    """A tenant under examination, with a connection to its database."""

    platform: Platform
    tenant: TenantRow
    connection: psycopg.Connection
    schema: Schema

    def one(self, query: str, *values: object):
        row = self.connection.execute(query, values or None).fetchone()
        return row[0] if row else None


Answer = tuple[Level, str] | None
Check = tuple[str, Callable[[Case], Answer]]


def examine(case: Case) -> Iterator[Finding]:
    """Ask everything; a question that cannot be asked is an error of its own."""
    for name, check in CHECKS:
        try:
            answer = check(case)
        except (psycopg.Error, OSError) as error:
            answer = ("error", first_line(error))
        level, message = answer or ("ok", "")
        yield Finding(case.tenant.slug, name, level, message)


def _uuid(case: Case) -> Answer:
    if case.one(_UUID) != case.tenant.uuid:
        return "error", "it is another database: its uuid is not the registry's; restore or rename"
    return None


def _agreement(case: Case) -> Answer:
    if not case.schema.has("smarter_tenant"):
        return "error", "it has no tenant record: smarter_base is not installed"
    names = ("rut", "name", "slug", "plan", "status")
    row = case.connection.execute(f"SELECT {', '.join(names)} FROM smarter_tenant").fetchone()
    wrong = [n for n, v in zip(names, row or (), strict=False) if v != getattr(case.tenant, n)]
    if row is None or wrong:
        return "error", f"the registry says otherwise about {', '.join(wrong) or 'everything'}"
    return None


def _owner(case: Case) -> Answer:
    role = case.platform.settings.odoo_role
    owner = case.platform.databases.owner(case.tenant.database or "")
    return (
        ("error", f"it belongs to {owner}, not to {role}: Odoo will not serve it")
        if (owner != role)
        else None
    )


def _grants(case: Case) -> Answer:
    if case.one(_PUBLIC):
        return "error", "every role may connect: run smarteros-tenant grants"
    if case.tenant.kind == "staging":
        role = case.platform.settings.connector_role
        query = "SELECT has_database_privilege(%s, current_database(), 'CONNECT')"
        open_ = case.connection.execute(query, [role]).fetchone() == (True,)
        return ("error", "the connector may connect to a copy for tests") if open_ else None
    if not case.schema.has("smarter_outbox_state"):
        return None
    problems = audit_role(case.connection, case.platform.settings.connector_role)
    return ("error", f"{'; '.join(problems)}: run smarteros-tenant grants") if problems else None


def _filestore(case: Case) -> Answer:
    folder = case.platform.filestore(case.tenant.database or "")
    if not folder.is_dir():
        return "error", f"the filestore {folder} is missing: restore it from a backup"
    rows = case.connection.execute(f"{_FILES} LIMIT {FILES_CHECKED}").fetchall()
    missing = [name for (name,) in rows if not (folder / name).is_file()]
    return (
        ("error", f"{len(missing)} of its files are missing, such as {missing[0]}")
        if (missing)
        else None
    )


def _hosts(case: Case) -> Answer:
    if not case.tenant.hosts:
        return "error", "it has no host: run smarteros-tenant rename-host"
    url = case.platform.settings.base_url(case.tenant.host)
    if case.one(_URL) != url:
        return "warning", f"its links lead to {case.one(_URL)}, not to {url}"
    return None


def _cron(case: Case) -> Answer:
    late = float(case.one(_CRON, case.tenant.activated_at) or 0)
    if case.tenant.status == "active" and late > CRON_LATE_MINUTES:
        return "warning", f"a scheduled action is {late:.0f} minutes late: is Odoo's cron running?"
    return None


def _outbox(case: Case) -> Answer:
    if not case.schema.has("smarter_delivery", "due_at"):
        return None
    late = float(case.one(_PENDING) or 0)
    if case.tenant.status == "active" and late > OUTBOX_LATE_MINUTES:
        return "warning", f"a delivery waits for {late:.0f} minutes: is the connector running?"
    return None


def _dead(case: Case) -> Answer:
    if not case.schema.has("smarter_delivery"):
        return None
    count = case.one(_DEAD)
    return (
        ("warning", f"{count} deliveries were given up: see Deliveries in Odoo")
        if (count)
        else None
    )


def _modules(case: Case) -> Answer:
    if moving := case.one(_MOVING):
        return "error", f"an installation was broken off: {moving}"
    release = case.platform.registry.release(case.tenant.release)
    old = [
        name
        for name, digest in case.tenant.modules.items()
        if digest and name in release.modules and release.modules[name].get("digest") != digest
    ]
    return ("warning", f"to upgrade: {', '.join(sorted(old))}") if old else None


def _work(case: Case) -> Answer:
    operation = case.platform.registry.open_operation(case.tenant.id)
    if operation:
        return "warning", f"{operation.kind} is not finished (after {operation.step or 'nothing'})"
    if case.tenant.maintenance:
        return "warning", f"it is in maintenance: {case.tenant.maintenance}"
    return None


CHECKS: tuple[Check, ...] = (
    ("identity", _uuid),
    ("agreement with the registry", _agreement),
    ("owner", _owner),
    ("rights", _grants),
    ("files", _filestore),
    ("hosts", _hosts),
    ("scheduled actions", _cron),
    ("outbox", _outbox),
    ("dead letters", _dead),
    ("modules", _modules),
    ("operations", _work),
)
