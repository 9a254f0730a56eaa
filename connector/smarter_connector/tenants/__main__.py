"""``python -m smarter_connector.tenants``: the same as ``smarteros-tenant``."""

from smarter_connector.tenants.cli import main

main()
