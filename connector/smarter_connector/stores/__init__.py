"""Stores: the outbox of one tenant, in memory, in PostgreSQL, or behind Odoo's RPC."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.secrets import SecretResolver
from smarter_connector.settings import Settings, TenantSettings
from smarter_connector.stores.base import Store
from smarter_connector.stores.postgres import (
    ConnectionBudget,
    PostgresStore,
    connection_arguments,
)

__all__ = ["StoreMaker", "open_maker"]


class StoreMaker:
    """Makes the stores of a process, which share connections and threads. Nothing is opened yet."""

    def __init__(
        self, settings: Settings, secrets: SecretResolver, threads: ThreadPoolExecutor
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._threads = threads
        self._budget = ConnectionBudget(settings.pg_max_connections)

    def make(self, tenant: TenantSettings) -> Store:
        """Raises ConfigurationError when a password is missing or the kind is for tests only."""
        if tenant.store == "postgres":
            arguments = connection_arguments(self._settings, tenant.database)
            return PostgresStore(tenant, arguments, self._budget)
        if tenant.store == "rpc":
            # odoorpc is loaded only where it is used.
            from smarter_connector.stores.rpc import RpcStore

            return RpcStore(
                tenant,
                password=partial(self._secrets.resolve, tenant.password),
                threads=self._threads,
                timeout=self._settings.rpc_timeout,
            )
        raise ConfigurationError(f"tenant {tenant.database}: store {tenant.store} is for tests")


@contextmanager
def open_maker(settings: Settings, secrets: SecretResolver) -> Iterator[StoreMaker]:
    """A maker whose threads end with the block."""
    with ThreadPoolExecutor(settings.rpc_threads, thread_name_prefix="rpc") as threads:
        yield StoreMaker(settings, secrets, threads)
