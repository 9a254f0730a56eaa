"""Who really asks: forwarded addresses count only when a proxy of ours wrote them."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.middleware.proxy_fix import ProxyFix

from .settings import Network, within

#: What a client could use to pass for another address, host or scheme, or to choose a database.
FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_X_REAL_IP",
)


@dataclass(frozen=True)
class Proxies:
    """The networks whose word is taken; without ``proxy_mode`` nobody's is."""

    trusted: tuple[Network, ...]
    proxy_mode: bool

    def settle(self, environ: dict) -> bool:
        """Make address, host and scheme of the request the true ones.

        Returns whether anything was forwarded, believed or not. Whatever Odoo could take for a
        forwarded value later is gone afterwards.
        """
        forwarded = any(name in environ for name in FORWARDED)
        if forwarded and self.proxy_mode and within(environ.get("REMOTE_ADDR", ""), self.trusted):
            # One proxy: the last value of each header is the one it wrote.
            ProxyFix(_nothing, x_for=1, x_proto=1, x_host=1)(environ, _nothing)
        for name in FORWARDED:
            environ.pop(name, None)
        return forwarded


def _nothing(environ, start_response):
    """A WSGI application that is called for what its wrapper does to ``environ``."""
    return []
