"""The operator's settings for the scripts' own servers, and the platform of ``scripts/run``."""

from __future__ import annotations

import secrets
import sys
from typing import Any

from devkit import kpi, odoo_process, passwords, ports, templates
from devkit.odoo_process import OUR_ADDONS, Runtime
from devkit.paths import REPO
from smarter_connector.registry import TemplateRow, install
from smarter_connector.tenants import releases
from smarter_connector.tenants.modules import module_digests
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.platform_settings import PlatformSettings
from smarter_connector.tenants.templates import problem, register
from smarter_domain.tenancy import scratch_name

MODULE_SET = "ours"
KEPT_TEMPLATES = 2
#: Variables that Odoo needs of ours; the rest it takes from whoever starts it.
ODOO_VARIABLES = (
    "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGPATH", "ODOO_RC", "PYTHONPATH", "PATH", "LANG",
    "TZ",
)  # fmt: skip


def settings(runtime: Runtime, **overrides: Any) -> PlatformSettings:
    """Settings of the operator's commands on the server of ``runtime``."""
    admin, home = runtime.server.admin, runtime.home
    secret = home.root / "secrets" / f"platform-{runtime.server.name}"
    environment = odoo_process.environment(runtime)
    facts = {
        "pg_host": admin.host, "pg_port": int(admin.port), "pg_admin_user": admin.user,
        "pg_admin_password_file": passwords.write(secret, admin.password),
        "pg_bin_dir": runtime.server.bin_dir,
        "odoo_role": runtime.server.odoo.user, "connector_role": runtime.server.connector.user,
        "data_dir": runtime.data_dir, "logs_dir": home.logs,
        "odoo_command": (sys.executable, "-m", "odoo"), "odoo_config": runtime.config_file,
        "odoo_env": {name: environment[name] for name in ODOO_VARIABLES},
        "addons": (OUR_ADDONS,), "module_set": MODULE_SET, "modules": modules(),
        "language": templates.LANGUAGE, "base_scheme": "http",
    }  # fmt: skip
    return PlatformSettings(**{**facts, **overrides})


def modules() -> tuple[str, ...]:
    """What the template of the scripts is made of."""
    return (*templates.STOCK_MODULES, *templates.our_addons())


def prepare(runtime: Runtime) -> Platform:
    """The platform of ``scripts/run`` with its registry, its warehouse and the present release."""
    kpi.install(runtime)
    platform = Platform(
        settings(
            runtime,
            release=release_name(runtime),
            public_port=ports.known(runtime.home)["odoo"],
            warehouse=True,
            secrets_dir=runtime.home.root / "secrets" / "run" / "readers",
        )
    )
    install_registry(platform)
    register_release(platform, runtime)
    return platform


def install_registry(platform: Platform) -> None:
    """Make or upgrade the registry; running it again changes nothing."""
    install(
        platform.admin,
        odoo_role=platform.settings.odoo_role,
        connector_role=platform.settings.connector_role,
        database=platform.settings.registry_database,
    )


def release_name(runtime: Runtime) -> str:
    """The present code has the name of the template it makes."""
    return templates.ours_name(runtime).removeprefix(templates.OURS_PREFIX)


def register_release(platform: Platform, runtime: Runtime) -> str:
    """Enter the present code as a release and return its name."""
    domain = REPO / "connector" / "smarter_domain"
    found, name = module_digests([OUR_ADDONS], [domain]), release_name(runtime)
    platform.registry.add_release(name, str(REPO), odoo_build=runtime.odoo.build, modules=found)
    return name


def ensure_template(platform: Platform, runtime: Runtime) -> TemplateRow:
    """The template of the present release, brought from the tests' server when it is missing."""
    name, release = templates.ours_name(runtime), release_name(runtime)
    with platform.registry.lock(f"template:{name}"):
        row = platform.registry.template(name)
        if row and not problem(platform, row):
            return row
        draft = scratch_name(secrets.token_hex(8))
        try:
            templates.bring(runtime, draft)
            platform.databases.drop(name)
            platform.databases.rename(draft, name)
        finally:
            platform.databases.drop(draft)
        row = register(platform, name, release=release)
    _prune(platform, release)
    return row


def _prune(platform: Platform, release: str) -> None:
    """Drop all but the newest templates, retire releases nobody runs: each change makes one."""
    for row in platform.registry.templates(module_set=MODULE_SET)[KEPT_TEMPLATES:]:
        platform.databases.drop(row.database)
        platform.registry.remove_template(row.database)
    for listed in releases.list_(platform):
        if not listed.tenants and listed.release.name != release:
            releases.retire(platform, listed.release.name)
