"""The command ``smarter-connector``. Settings come from the environment; see :mod:`..settings`.

Exit codes: 0 done; 1 something asked about is not well; 2 wrong use of the command line; 3 the
configuration must be corrected; 4 the outbox cannot be reached.
"""

from __future__ import annotations

import typer

from smarter_connector.cli.check import check
from smarter_connector.cli.outbox import backfill, replay, send_test, status
from smarter_connector.cli.run import run
from smarter_connector.cli.warehouse import register as register_warehouse

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Delivers the business events of Odoo to n8n, Chatwoot and the KPI warehouse.",
)
app.command()(run)
app.command()(status)
app.command()(check)
app.command()(replay)
app.command("send-test")(send_test)
app.command()(backfill)
register_warehouse(app)


def main() -> None:
    """Entry point of the console script."""
    app()
