"""The same outbox three times: in memory, in PostgreSQL, and in PostgreSQL behind JSON-RPC.

The last is a small server that answers odoorpc's calls as Odoo does and hands ``smarter.outbox`` to
the SQL functions; that Odoo's own model does the same is tested with the addon.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Protocol

import psycopg
from aiohttp import web

from smarter_connector.clock import FakeClock
from smarter_connector.stores.base import Store
from smarter_connector.stores.memory import MemoryOutbox, MemoryStore
from smarter_connector.stores.postgres import ConnectionBudget
from smarter_connector.stores.rpc import RpcStore
from tests.connector import outbox as sql
from tests.connector.support import KEY, receiver
from tests.postgres import OutboxDatabase

PASSWORD = "api-key-of-the-test"


class World(Protocol):
    """An outbox that a test fills, and stores of any number of connectors on it."""

    def store(self, **tenant: Any) -> Store: ...

    def subscribe(self, **values: Any) -> int: ...

    def enqueue(self, subscription: int, aggregate: str = "sale.order/1") -> None: ...

    def expire(self) -> None:
        """Let every wait and every lease end."""
        ...

    def hold(self) -> None: ...

    def next_hour(self) -> None:
        """The present hour of the allowance is over."""
        ...

    def row(self, delivery: int) -> dict[str, Any]:
        """state, attempts, status, answer."""
        ...


class MemoryWorld:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.outbox = MemoryOutbox(clock=self.clock)

    def store(self, **tenant: Any) -> Store:
        listed = {"database": "memory", "uuid": self.outbox.uuid, "rut": self.outbox.rut, **tenant}
        return MemoryStore(self.outbox, sql.TenantSettings(**listed))

    def subscribe(self, **values: Any) -> int:
        return self.outbox.subscribe(**{"keys": [KEY.text], **values})

    def enqueue(self, subscription: int, aggregate: str = "sale.order/1") -> None:
        self.outbox.enqueue(aggregate=aggregate, subscriptions=[subscription])

    def expire(self) -> None:
        self.clock.advance(1_000_000)

    def hold(self) -> None:
        self.outbox.held = True

    def next_hour(self) -> None:
        self.clock.advance(3600)

    def suspend(self) -> None:
        self.outbox.status = "suspended"

    def row(self, delivery: int) -> dict[str, Any]:
        row = self.outbox.rows[delivery]
        return {name: getattr(row, name) for name in ("state", "attempts", "status", "answer")}


class PostgresWorld:
    def __init__(self, database: OutboxDatabase, owner: psycopg.Connection) -> None:
        self.database = database
        self.owner = owner
        self.budget = ConnectionBudget(10)
        self.hour = 10

    def store(self, **tenant: Any) -> Store:
        return sql.store_of(self.database, self.budget, **tenant)

    def subscribe(self, **values: Any) -> int:
        return sql.subscribe(self.owner, **values)

    def enqueue(self, subscription: int, aggregate: str = "sale.order/1") -> None:
        sql.enqueue(self.owner, subscription, aggregate)

    def expire(self) -> None:
        self.owner.execute("UPDATE smarter_delivery SET due_at = due_at - interval '12 days'")

    def hold(self) -> None:
        self.owner.execute("UPDATE smarter_outbox_state SET held = true")

    @contextmanager
    def stopped_clock(self):
        """The allowance's clock stands: else a test that runs across a full hour would fail."""
        query = "SELECT pg_get_functiondef('smarteros.allowance_clock()'::regprocedure)"
        (running,) = self.owner.execute(query).fetchone()
        self._set_clock()
        yield
        self.owner.execute(running)

    def next_hour(self) -> None:
        self.hour += 1
        self._set_clock()

    def _set_clock(self) -> None:
        self.owner.execute(
            "CREATE OR REPLACE FUNCTION smarteros.allowance_clock() RETURNS timestamp LANGUAGE sql"
            f" AS $$ SELECT timestamp '2026-11-22 {self.hour}:59:59.9' $$"
        )

    def suspend(self) -> None:
        self.owner.execute("UPDATE smarter_outbox_state SET tenant_status = 'suspended'")

    def row(self, delivery: int) -> dict[str, Any]:
        query = (
            "SELECT state, attempts, last_status, last_answer FROM smarter_delivery WHERE id = %s"
        )
        found = self.owner.execute(query, [delivery]).fetchone()
        return dict(zip(("state", "attempts", "status", "answer"), found, strict=True))


class RpcWorld(PostgresWorld):
    url = ""
    threads: ThreadPoolExecutor

    def store(self, **tenant: Any) -> Store:
        super().store()  # gives the database its RUT
        password = tenant.pop("api_key", PASSWORD)
        where = {"url": self.url, "login": "connector", "password": "env:X", "store": "rpc"}
        listed = sql.tenant_of(self.database, **{**where, **tenant})
        return RpcStore(listed, password=lambda: password, threads=self.threads, timeout=10)

    async def answer(self, request: web.Request) -> web.Response:
        """Odoo's ``/jsonrpc``, as far as odoorpc needs it."""
        call = await request.json()
        database, user, key, *rest = call["params"]["args"]
        if call["params"]["service"] == "common":
            return _reply(call, 7 if (user, key) == ("connector", PASSWORD) else False)
        if (user, key) != (7, PASSWORD) or database != self.database.name:
            return _reply(call, error=("odoo.exceptions.AccessDenied", "Access Denied"))
        if rest == ["res.users", "context_get"]:
            return _reply(call, {"lang": "es_CL"})
        model, function, argument = rest
        if model != "smarter.outbox":
            return _reply(call, error=("odoo.exceptions.AccessError", "not allowed"))
        return _reply(call, **await self._run(function, argument))

    async def _run(self, function: str, argument: Any) -> dict[str, Any]:
        login = self.database.server.connector.dsn(self.database.name)
        try:
            async with await psycopg.AsyncConnection.connect(**login) as connection:
                query = f"SELECT smarteros.{function}(%s)".encode()
                cursor = await connection.execute(query, [json.dumps(argument)])
                return {"result": (await cursor.fetchone())[0]}
        except psycopg.Error as error:
            return {"error": (f"psycopg2.errors.{type(error).__name__}", str(error))}


def _reply(call: dict[str, Any], result: Any = None, error: tuple[str, str] | None = None):
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"], "result": result}
    if error:
        name, message = error
        body = {"id": call["id"], "error": {"data": {"name": name, "message": message}}}
    return web.json_response(body)


@asynccontextmanager
async def open_world(kind: str, database: OutboxDatabase | None):
    """``kind``: memory, postgres or rpc."""
    if database is None:
        yield MemoryWorld()
        return
    async with AsyncExitStack() as stack:
        owner = stack.enter_context(database.owner())
        world = {"postgres": PostgresWorld, "rpc": RpcWorld}[kind](database, owner)
        stack.enter_context(world.stopped_clock())
        if isinstance(world, RpcWorld):
            world.threads = stack.enter_context(ThreadPoolExecutor(2))
            world.url = await stack.enter_async_context(receiver(world.answer))
        yield world
