"""Tenants: made, listed, suspended, upgraded, backed up, deleted; all by the registry.

Every operation is a function of a :class:`Platform` and returns a value, so a portal can call what
``smarteros-tenant`` calls. Errors are those of :mod:`smarter_connector.registry.errors`.

What there is, by what it is for; a file not named here serves the one it is named after::

    platform            what every operation gets; platform_settings reads it from the environment
    databases           a database with its filestore, cloned, renamed, given, dropped as one thing
    odoo_runner         Odoo as a command; modules: the code of a release and its hashes
    jobs, steps         an operation: the lock, whether it may begin, its steps recorded one by one

    create              from a template (templates), made the tenant's own (reset/), entered in the
                        warehouse (readers); abandon gives a creation up
    restore_new         from a backup of a RUT that has no tenant
    staging             a copy for tests: backup_dump copies it, staging_reset makes it harmless
    publish             what the three end with: a database that nobody was served gets its name

    upgrade             of many tenants; upgrade_one of one, upgrade_plan what it needs,
                        upgrade_steps how, upgrade_checks whether the copy is fit to be served
    restore             of a backup to its tenant; restore_steps how
    exchange            what the two end with: a draft takes the tenant's place, or it is put back;
                        the former database is kept for a while (restore_points)
    maintenance         a database at rest: work under way may end, then nobody is let in

    backup              one archive: archive its format, archive_writer and archive_reader, age the
                        encryption, backup_snapshot and backup_dump what goes in
    backup_unpack       an archive as a database again, through a login of its own (restore_login);
                        backup_verify proves one, backup_retention says which stay

    lifecycle           list, show, suspend, resume, plan, host, invitation; mirror writes what the
                        registry says into the tenant's own database
    delete, purge       taken away and kept, then gone; outbox_state: deliveries held after restores
    doctor, findings    what is wrong; releases, routes: which code and servers a tenant has

While it is made a tenant's database is called ``new_<id>``, its draft, then ``t_<rut>``; a copy
for tests ``s_<rut>_<n>``, a restore point ``pre_<id>_<operation>``, a deleted one ``del_<id>``.
"""

from __future__ import annotations

from smarter_connector.tenants.abandon import abandon
from smarter_connector.tenants.archive import BadArchive
from smarter_connector.tenants.backup import backup
from smarter_connector.tenants.backup_verify import Verified, verify
from smarter_connector.tenants.create import Created, CreateRequest, create
from smarter_connector.tenants.delete import delete, undelete
from smarter_connector.tenants.doctor import doctor
from smarter_connector.tenants.findings import Finding
from smarter_connector.tenants.grants import grants
from smarter_connector.tenants.install import install
from smarter_connector.tenants.lifecycle import (
    Shown,
    invite,
    list_,
    rename_host,
    resume,
    set_plan,
    show,
    suspend,
)
from smarter_connector.tenants.operator_access import close_operator_access, operator_access
from smarter_connector.tenants.outbox_state import release_deliveries
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.platform_settings import PlatformSettings, load
from smarter_connector.tenants.purge import purge
from smarter_connector.tenants.restore import Restored, restore
from smarter_connector.tenants.restore_new import restore_new
from smarter_connector.tenants.staging import clone_to_staging
from smarter_connector.tenants.upgrade import upgrade
from smarter_connector.tenants.upgrade_report import Outcome, Report

__all__ = [
    "BadArchive",
    "CreateRequest",
    "Created",
    "Finding",
    "Outcome",
    "Platform",
    "PlatformSettings",
    "Report",
    "Restored",
    "Shown",
    "Verified",
    "abandon",
    "backup",
    "clone_to_staging",
    "close_operator_access",
    "create",
    "delete",
    "doctor",
    "grants",
    "install",
    "invite",
    "list_",
    "load",
    "operator_access",
    "purge",
    "release_deliveries",
    "rename_host",
    "restore",
    "restore_new",
    "resume",
    "set_plan",
    "show",
    "suspend",
    "undelete",
    "upgrade",
    "verify",
]
