"""The operator's settings for the scripts' own servers."""

from __future__ import annotations

import sys
from typing import Any

from devkit import odoo_process, passwords, templates
from devkit.odoo_process import OUR_ADDONS, Runtime
from devkit.paths import REPO
from smarter_connector.tenants.modules import module_digests
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.platform_settings import PlatformSettings

MODULE_SET = "ours"
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


def register_release(platform: Platform, runtime: Runtime) -> str:
    """Enter the present code as a release and return its name."""
    domain = REPO / "connector" / "smarter_domain"
    found = module_digests([OUR_ADDONS], [domain])
    name = templates.ours_name(runtime).removeprefix(templates.OURS_PREFIX)
    platform.registry.add_release(name, str(REPO), odoo_build=runtime.odoo.build, modules=found)
    return name
