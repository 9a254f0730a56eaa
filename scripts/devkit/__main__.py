"""``python -m devkit COMMAND``: hands over to the module that carries the command."""

from __future__ import annotations

import importlib
import signal
import sys

from devkit.paths import SetupError

COMMANDS = {
    "test": "devkit.testing",
    "lint": "devkit.linting",
    "run": "devkit.running",
    "bench": "devkit.bench",
    "with": "devkit.shell",
    "get-odoo": "devkit.odoo_source",
    "template": "devkit.templates",
    "tenant": "devkit.tenants",
    "event-docs": "devkit.event_docs",
    "e2e-n8n": "devkit.e2e_n8n",
}


def main(argv: list[str]) -> int:
    name, *rest = argv or [""]
    if name not in COMMANDS:
        print(f"devkit: no command {name!r}; there are {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    # An order to end and a closed terminal unwind what was set up, as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return importlib.import_module(COMMANDS[name]).main(rest)
    except SetupError as error:
        print(f"smarteros: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
