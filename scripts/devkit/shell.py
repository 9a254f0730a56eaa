"""``scripts/with COMMAND...``: a command in the environment of the tests.

The throw-away PostgreSQL runs as long as the command does. ``$DEVKIT_TEMPLATE`` names the template
with all addons; with ``--db`` first, ``$DEVKIT_DB`` names a clone of it that is dropped at the end.
"""

from __future__ import annotations

import subprocess
from contextlib import ExitStack

from devkit import odoo_process, odoo_source, paths, server, templates, testing


def main(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if argv else 2
    home = paths.open_home()
    odoo = odoo_source.ensure(home)
    with ExitStack() as stack:
        found = stack.enter_context(server.opened(home, "test"))
        runtime = odoo_process.Runtime(home, odoo, found)
        odoo_process.write_config(runtime)
        environment = odoo_process.environment(runtime)
        if argv[0] == "--db":
            argv = argv[1:]
            environment["DEVKIT_DB"] = stack.enter_context(testing.scratch_database(runtime))
        environment["DEVKIT_TEMPLATE"] = templates.ours_name(runtime)
        for name, login in (("ADMIN", found.admin), ("CONNECTOR", found.connector)):
            environment[f"DEVKIT_{name}_USER"] = login.user
            environment[f"DEVKIT_{name}_PASSWORD"] = login.password
        return subprocess.run(argv, env=environment).returncode
