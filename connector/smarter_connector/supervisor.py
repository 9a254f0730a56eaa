"""The process: everything put together, started, and stopped by signals."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from contextlib import AsyncExitStack

from smarter_connector.engine import Engine
from smarter_connector.exceptions import ConfigurationError
from smarter_connector.health import served
from smarter_connector.listener import Listener
from smarter_connector.registry.served import arguments
from smarter_connector.registry.watcher import Watcher
from smarter_connector.rolecheck import Auditor
from smarter_connector.roster import Roster
from smarter_connector.secrets import SecretResolver
from smarter_connector.settings import Settings
from smarter_connector.shared import Shared
from smarter_connector.stores import open_maker
from smarter_connector.stores.postgres import connection_arguments
from smarter_connector.transport import Transport

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def make_secrets(settings: Settings) -> SecretResolver:
    return SecretResolver(env_prefix=settings.secret_env_prefix, folder=settings.secrets_dir)


async def serve(settings: Settings, secrets: SecretResolver) -> None:
    """Run until a signal. Raises ConfigurationError when it cannot even begin.

    The first signal lets what was begun end within ``stop_seconds``; the second breaks it off. In
    either case what is in hand is given back before the process ends.
    """
    tenants = settings.all_tenants()
    if not tenants and not settings.uses_registry:
        raise ConfigurationError(
            "no tenant is listed: set SMARTER_REGISTRY_DATABASE, SMARTER_TENANTS or"
            " SMARTER_TENANTS_FILE"
        )
    async with AsyncExitStack() as stack:
        maker = stack.enter_context(open_maker(settings, secrets))
        transport = await stack.enter_async_context(Transport(settings))
        shared = Shared(settings, transport, secrets=secrets, tenants=tenants)
        engine = Engine([maker.make(tenant) for tenant in tenants], shared)
        auditor = Auditor(settings, shared.metrics, engine.may_ask)
        await stack.enter_async_context(auditor)
        roster = Roster(engine, maker.make, auditor.add)
        stack.push_async_callback(roster.close)
        watcher = make_watcher(settings, shared, roster)
        try:
            address = await stack.enter_async_context(served(engine, settings, watcher))
        except OSError as error:
            place = f"{settings.http_host}:{settings.http_port}"
            raise ConfigurationError(f"{place} cannot be used: {error.strerror}") from error
        logger.info("serving %d tenants as %s; %s/ready", len(tenants), shared.worker, address)
        for tenant in tenants:
            auditor.add(tenant)
        if watcher is not None:
            auditor.add_registry()
        listen = watcher is not None or any(tenant.store == "postgres" for tenant in tenants)
        with StopSignals(engine, settings.stop_seconds):
            await _run(engine, settings, listen, watcher)
    logger.info("stopped")


def make_watcher(settings: Settings, shared: Shared, roster: Roster) -> Watcher | None:
    """Who follows the registry; None where none is configured."""
    if not settings.uses_registry:
        return None
    return Watcher(
        arguments(settings),
        roster.apply,
        clock=shared.clock,
        reread=settings.registry_seconds,
        told=shared.metrics.registry_up,
    )


async def _run(
    engine: Engine, settings: Settings, listen: bool, watcher: Watcher | None = None
) -> None:
    # What was loaded by now stays; the many short-lived objects of each event need no search for
    # cycles as often as the default asks.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    beside = []
    if listen:
        wake = connection_arguments(settings, settings.pg_wake_database)
        beside.append(asyncio.create_task(Listener(engine, wake).run()))
    if watcher is not None:
        beside.append(asyncio.create_task(watcher.run()))
    try:
        await engine.run()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


class StopSignals:
    """Turns SIGTERM and SIGINT into :meth:`Engine.stop` for the block."""

    def __init__(self, engine: Engine, grace: float) -> None:
        self._engine = engine
        self._graces = [0.0, grace]
        self._stopping: set[asyncio.Task[None]] = set()

    def __enter__(self) -> StopSignals:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.stop)
        return self

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    def stop(self) -> None:
        grace = self._graces.pop() if len(self._graces) > 1 else 0.0
        logger.info("stopping within %.0f seconds", grace)
        task = asyncio.get_running_loop().create_task(self._engine.stop(grace))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)
