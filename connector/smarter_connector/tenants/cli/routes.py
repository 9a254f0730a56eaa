"""``smarteros-tenant routes``: lead the proxy to the pools that the registry names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smarter_connector.tenants import routes
from smarter_connector.tenants.cli.common import AsJson, errors, expected, platform_of, print_json

File = Annotated[
    Path | None, typer.Argument(help="The file Caddy imports; printed when none is given.")
]


def write_routes(context: typer.Context, file: File = None, as_json: AsJson = False) -> None:
    """Write for the proxy which servers each tenant's hosts are led to."""
    with expected():
        platform = platform_of(context)
        settings = platform.settings
        found = routes.of_registry(platform.registry)
        text = routes.render(found, scheme=settings.base_scheme, port=settings.public_port)
        changed = routes.write(text, file) if file else False
    for pool in found:
        if not pool.web:
            errors.print(f"release {pool.release or '(none)'} has no pool", markup=False)
    if as_json:
        print_json({"changed": changed, "pools": found})
    elif file is None:
        typer.echo(text, nl=False)
