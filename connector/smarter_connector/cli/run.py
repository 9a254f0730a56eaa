"""``smarter-connector run``."""

from __future__ import annotations

from smarter_connector import logging as logs
from smarter_connector import supervisor
from smarter_connector.cli.common import execute
from smarter_connector.settings import load


def run() -> None:
    """Deliver events until SIGTERM or Ctrl-C; a second one stops at once."""
    execute(_run())


async def _run() -> int:
    settings = load()
    secrets = supervisor.make_secrets(settings)
    logs.configure(settings, secrets)
    await supervisor.serve(settings, secrets)
    return 0
