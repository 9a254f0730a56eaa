"""The outbox through Odoo's RPC, for an Odoo of which only HTTP can be reached.

The same functions, as methods of ``smarter.outbox``, for a user in the connector's group. odoorpc
is synchronous and keeps no connection: a call takes 20 to 40 ms, so claims should be large. It runs
in a thread, one call at a time for each tenant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import odoorpc

from smarter_connector.exceptions import ConfigurationError, StoreUnavailable, first_line
from smarter_connector.settings import TenantSettings
from smarter_connector.stores.protocol import ProtocolStore

MODEL = "smarter.outbox"
VERSION = "19.0"
"""Given, so that odoorpc need not ask for it with each log-in."""
TEMPORARY = ("OperationalError", "SerializationFailure", "LockNotAvailable", "PoolError")
"""Ends of the names of Odoo's errors that time cures."""


class RpcStore(ProtocolStore):
    """Logs in when needed; ``password`` gives the API key when it is called."""

    def __init__(
        self,
        tenant: TenantSettings,
        *,
        password: Callable[[], str],
        threads: ThreadPoolExecutor,
        timeout: float,
    ) -> None:
        super().__init__(tenant)
        self._password = password
        self._threads = threads
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._odoo: odoorpc.ODOO | None = None

    async def call(self, function: str, argument: Any) -> Any:
        loop = asyncio.get_running_loop()
        async with self._lock:
            return await loop.run_in_executor(self._threads, self._call, function, argument)

    async def close(self) -> None:
        self._odoo = None

    def _call(self, function: str, argument: Any) -> Any:
        try:
            if self._odoo is None:
                self._odoo = self._login()
            return self._odoo.execute(MODEL, function, argument)
        except odoorpc.error.Error as error:
            self._odoo = None
            raise _translate(error, self.tenant, function) from error
        except (OSError, HTTPException, ValueError) as error:
            # urllib's errors and time-outs are OSError; an error page is no JSON: ValueError.
            self._odoo = None
            raise StoreUnavailable(
                f"Odoo of {self.tenant.database} cannot be reached: {type(error).__name__}",
                status="odoo",
            ) from error

    def _login(self) -> odoorpc.ODOO:
        place = urlsplit(self.tenant.url)
        if place.scheme not in ("http", "https") or not place.hostname:
            raise ConfigurationError(
                f"the URL of tenant {self.tenant.database} is not valid", status="url"
            )
        secure = place.scheme == "https"
        odoo = odoorpc.ODOO(
            place.hostname,
            protocol="jsonrpc+ssl" if secure else "jsonrpc",
            port=place.port or (443 if secure else 80),
            timeout=self._timeout,
            version=VERSION,
        )
        odoo.login(self.tenant.database, self.tenant.login, self._password())
        return odoo


def _translate(
    error: odoorpc.error.Error, tenant: TenantSettings, function: str
) -> ConfigurationError | StoreUnavailable:
    """Tell an overloaded Odoo from one that refuses; the traceback it sends is not repeated."""
    info = getattr(error, "info", None) or {}
    name = str(info.get("data", {}).get("name", ""))
    text = f"Odoo of {tenant.database}: {MODEL}.{function}: {first_line(error)[:300]}"
    if name.endswith(TEMPORARY):
        return StoreUnavailable(text, status="odoo")
    return ConfigurationError(text, status="odoo")
