"""The server's guard. What could fail to load is imported by :func:`post_load`, not here."""

import logging

from . import controllers

_logger = logging.getLogger(__name__)


def post_load():
    """Put the guard in place when a registry is configured; change nothing when none is.

    Odoo goes on without a server-wide module that fails to load. Serving every database to every
    host is the one thing that must not happen then, so a guard that cannot be built closes the
    server: each request is answered 503.
    """
    from . import closing, settings

    found = settings.from_odoo()
    if not found.dsn_file:
        return
    try:
        from . import guard

        guard.install(found)
    except Exception:
        _logger.critical("smarter_server cannot guard this server: it stays shut", exc_info=True)
        closing.shut()
