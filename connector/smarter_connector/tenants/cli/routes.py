"""``smarteros-tenant routes``: lead the proxy to the pools that the registry names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from smarter_connector.tenants import platform_settings, routes
from smarter_connector.tenants.platform import Platform


def command(
    file: Annotated[
        Path | None, typer.Argument(help="The file Caddy imports; printed when none is given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Tell the pools in JSON.")] = False,
) -> None:
    """Write which servers each tenant's hosts are led to, for the proxy."""
    platform = Platform(platform_settings.load())
    settings = platform.settings
    found = routes.of_registry(platform.registry)
    text = routes.render(found, scheme=settings.base_scheme, port=settings.public_port)
    changed = routes.write(text, file) if file else False
    for pool in found:
        if not pool.web:
            typer.echo(f"release {pool.release or '(none)'} has no pool", err=True)
    if as_json:
        typer.echo(json.dumps({"changed": changed, "pools": [_facts(pool) for pool in found]}))
    elif file is None:
        typer.echo(text, nl=False)


def _facts(pool: routes.Pool) -> dict[str, object]:
    return {
        "release": pool.release,
        "web": pool.web,
        "bus": pool.bus,
        "hosts": list(pool.hosts),
    }
