"""``smarteros-tenant``: the operator's commands. Exit codes stand in :mod:`.exits`."""

from __future__ import annotations

import typer

from smarter_connector.tenants.cli import (
    doctor,
    lifecycle,
    release,
    routes,
    template,
    tenants,
    upgrade,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tenants: made, listed, suspended, upgraded, backed up, deleted; all by the registry.",
)
app.command()(tenants.create)
app.command("list")(tenants.list_)
app.command()(tenants.show)
app.command()(lifecycle.install)
app.command()(lifecycle.suspend)
app.command()(lifecycle.resume)
app.command("rename-host")(lifecycle.rename_host)
app.command()(lifecycle.plan)
app.command()(lifecycle.invite)
app.command()(lifecycle.grants)
app.command()(lifecycle.abandon)
app.command()(doctor.doctor)
app.command()(upgrade.upgrade)
app.command("restore-points")(upgrade.restore_points)
app.command("routes")(routes.write_routes)
app.add_typer(release.release_app, name="release")
app.add_typer(template.template_app, name="template")
app.add_typer(template.registry_app, name="registry")


def main() -> None:
    app()
