"""The process around the engine: announcements, health, signals."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import aiohttp
import psycopg
import pytest
from aiohttp import web

from smarter_connector import rolecheck, supervisor
from smarter_connector.exceptions import ConfigurationError
from smarter_connector.health import served
from smarter_connector.listener import Listener
from smarter_connector.metrics import Metrics
from smarter_connector.rolecheck import Auditor
from smarter_connector.secrets import SecretResolver
from smarter_connector.settings import Settings
from smarter_connector.stores.memory import MemoryOutbox, MemoryStore
from smarter_domain.outbox import NOTIFY_CHANNEL
from tests.connector.outbox import enqueue, store_of, subscribe, tenant_of
from tests.connector.support import receiver, running, settings, until


async def fetch(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def test_a_commit_is_announced_and_delivered_without_a_poll(reused_outbox):
    got = asyncio.Event()

    async def hook(_):
        got.set()
        return web.Response()

    async with receiver(hook) as url:
        async with running([store_of(reused_outbox)], poll_seconds=3600) as engine:
            listener = Listener(engine, reused_outbox.dsn(reused_outbox.server.connector))
            listening = asyncio.create_task(listener.run())
            await until(lambda: engine.shared.listening and engine.ready)
            with reused_outbox.owner() as owner:
                enqueue(owner, subscribe(owner, url))
                owner.execute("SELECT pg_notify(%s, %s)", [NOTIFY_CHANNEL, reused_outbox.name])
            await asyncio.wait_for(got.wait(), 10)
            listening.cancel()


async def test_a_listener_that_is_cut_off_connects_again_and_wakes_every_tenant(reused_outbox):
    async with running([store_of(reused_outbox)], poll_seconds=3600) as engine:
        listener = Listener(engine, reused_outbox.dsn(reused_outbox.server.connector))
        listening = asyncio.create_task(listener.run())
        await until(lambda: engine.shared.listening)
        with reused_outbox.server.admin.connect(reused_outbox.name) as admin:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ '^LISTEN'"
            await asyncio.to_thread(admin.execute, query)
        await until(lambda: not engine.shared.listening)
        await until(lambda: engine.shared.listening)
        listening.cancel()


async def test_health_readiness_and_figures_are_served():
    outbox = MemoryOutbox()
    outbox.subscribe(target="fax")
    outbox.enqueue()
    chosen = settings(http_port=0)
    async with running([MemoryStore(outbox)]) as engine, served(engine, chosen) as address:
        await until(lambda: engine.ready)
        assert (await fetch(f"{address}/health"))[0] == 200
        status, text = await fetch(f"{address}/ready")
        assert (status, json.loads(text)["tenants"][0]["state"]) == (200, "serving")
        _, text = await fetch(f"{address}/metrics")
        assert 'smarter_tenant_state{state="serving",tenant="memory"} 1.0' in text


async def test_a_process_without_a_served_tenant_is_alive_but_not_ready():
    outbox = MemoryOutbox()
    store = MemoryStore(outbox)
    outbox.uuid = "another"
    async with running([store]) as engine, served(engine, settings(http_port=0)) as address:
        await until(lambda: engine.status()[0].state == "refused")
        assert (await fetch(f"{address}/health"))[0] == 200
        assert (await fetch(f"{address}/ready"))[0] == 503


def complete(database, **values) -> Settings:
    login = database.server.connector
    return settings(
        tenants=(tenant_of(database),),
        pg_host=login.host,
        pg_port=int(login.port),
        pg_user=login.user,
        http_port=0,
        **values,
    )


async def test_sigterm_ends_the_process_in_good_order(reused_outbox, monkeypatch, caplog):
    store_of(reused_outbox)
    monkeypatch.setenv("PGPASSWORD", reused_outbox.server.connector.password)
    secrets = SecretResolver(env_prefix="X_", folder=None)
    caplog.set_level("INFO")
    task = asyncio.create_task(supervisor.serve(complete(reused_outbox), secrets))
    await until(lambda: "is serving" in caplog.text)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(task, 10)
    assert "stopped" in caplog.text


async def test_a_process_without_tenants_does_not_start():
    with pytest.raises(ConfigurationError, match="no tenant is listed"):
        await supervisor.serve(settings(), SecretResolver(env_prefix="X_", folder=None))


async def test_a_role_that_may_do_too_much_is_reported_at_the_start(
    reused_outbox, monkeypatch, caplog
):
    monkeypatch.setenv("PGPASSWORD", reused_outbox.server.connector.password)
    chosen, metrics = complete(reused_outbox), Metrics()
    auditor = Auditor(chosen, metrics)
    await auditor.audit(*chosen.tenants)
    assert metrics.value("smarter_role_safe", tenant=reused_outbox.name) == 1
    with reused_outbox.owner() as owner:
        owner.execute(f"GRANT SELECT ON smarter_event TO {chosen.pg_user}")
        try:
            await auditor.audit(*chosen.tenants)
        finally:
            owner.execute(f"REVOKE ALL ON smarter_event FROM {chosen.pg_user}")
    assert metrics.value("smarter_role_safe", tenant=reused_outbox.name) == 0
    assert "smarter_event" in caplog.text


async def test_a_role_that_could_not_be_audited_is_audited_later(
    reused_outbox, monkeypatch, caplog
):
    answers = [psycopg.OperationalError("away"), ""]

    def ask(*_):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(rolecheck, "_ask", ask)
    chosen, metrics = complete(reused_outbox, identity_seconds=0.01), Metrics()
    await Auditor(chosen, metrics).audit(*chosen.tenants)
    assert metrics.value("smarter_role_safe", tenant=reused_outbox.name) == 1
    assert "cannot be audited yet" in caplog.text and "not safe" not in caplog.text
