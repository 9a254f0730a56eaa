"""``scripts/tenant``: the operator's commands on the server of ``scripts/run``.

With ``SMARTEROS_PG_HOST`` or ``SMARTEROS_SETTINGS_FILE`` set it works with the platform that these
describe; otherwise with the embedded one, whose registry, release and template it sees to.
"""

from __future__ import annotations

import os

from devkit import odoo_process, odoo_source, paths, server
from devkit import platform as local
from devkit.odoo_process import Runtime
from smarter_connector.tenants.cli import app
from smarter_connector.tenants.platform_settings import FILE_VARIABLE, PlatformSettings


def main(argv: list[str]) -> int:
    if os.environ.get("SMARTEROS_PG_HOST") or os.environ.get(FILE_VARIABLE):
        return _run(argv, None)
    home = paths.open_home()
    with server.opened(home, "run") as found:
        runtime = Runtime(home, odoo_source.ensure(home), found)
        odoo_process.write_config(runtime)
        platform = local.prepare(runtime)
        if argv[:1] == ["create"]:
            local.ensure_template(platform, runtime)
        return _run(argv, platform.settings)


def _run(argv: list[str], settings: PlatformSettings | None) -> int:
    try:
        app(argv, obj=settings, prog_name="scripts/tenant")
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0
