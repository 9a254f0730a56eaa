"""``smarteros-tenant``: the operator's commands. Exit codes stand in :mod:`.exits`."""

from __future__ import annotations

import typer

from smarter_connector.tenants.cli import (
    backup,
    doctor,
    lifecycle,
    release,
    removal,
    restore,
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
app.command("operator-access")(lifecycle.operator_access)
app.command()(lifecycle.grants)
app.command()(lifecycle.abandon)
app.command()(doctor.doctor)
app.command()(upgrade.upgrade)
app.command("restore-points")(upgrade.restore_points)
app.command()(backup.backup)
app.command()(restore.restore)
app.command("release-deliveries")(restore.release_deliveries)
app.command("clone-to-staging")(restore.clone_to_staging)
app.command()(removal.delete)
app.command()(removal.undelete)
app.command()(removal.purge)
app.command("routes")(routes.write_routes)
app.add_typer(backup.backups_app, name="backups")
app.add_typer(release.release_app, name="release")
app.add_typer(template.template_app, name="template")
app.add_typer(template.registry_app, name="registry")


def main() -> None:
    app()
