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
from smarter_connector.rolecheck import audit
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
    if not tenants:
        raise ConfigurationError("no tenant is listed: set SMARTER_TENANTS or SMARTER_TENANTS_FILE")
    async with AsyncExitStack() as stack:
        maker = stack.enter_context(open_maker(settings, secrets))
        transport = await stack.enter_async_context(Transport(settings))
        shared = Shared(settings, transport, secrets=secrets, tenants=tenants)
        engine = Engine([maker.make(tenant) for tenant in tenants], shared)
        try:
            address = await stack.enter_async_context(served(engine, settings))
        except OSError as error:
            place = f"{settings.http_host}:{settings.http_port}"
            raise ConfigurationError(f"{place} cannot be used: {error.strerror}") from error
        logger.info("serving %d tenants as %s; %s/ready", len(tenants), shared.worker, address)
        with StopSignals(engine, settings.stop_seconds):
            auditing = asyncio.create_task(audit(settings, tenants, shared.metrics))
            await _run(engine, settings, any(tenant.store == "postgres" for tenant in tenants))
            auditing.cancel()
            await asyncio.gather(auditing, return_exceptions=True)
    logger.info("stopped")


async def _run(engine: Engine, settings: Settings, listen: bool) -> None:
    # What was loaded by now stays; the many short-lived objects of each event need no search for
    # cycles as often as the default asks.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    arguments = connection_arguments(settings, settings.pg_wake_database) if listen else {}
    listening = asyncio.create_task(Listener(engine, arguments).run()) if listen else None
    try:
        await engine.run()
    finally:
        if listening is not None:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


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
