"""A rebuilt warehouse equals the one that grew, and loses what Odoo no longer has."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from smarter_connector.clock import FakeClock
from smarter_connector.settings import TenantSettings
from smarter_connector.sinks.warehouse.backfill import NotRebuilt, Progress, Rebuild
from smarter_connector.sinks.warehouse.compare import Digest, Place, differences, digest
from smarter_connector.sinks.warehouse.mapping import row
from smarter_connector.sinks.warehouse.warehouse import Warehouse
from smarter_domain.events import Event
from tests.connector.warehouse.conftest import Installed
from tests.connector.warehouse.samples import BRANCH, A, B, deleted, event, line


class SwiftClock(FakeClock):
    """Time passes as soon as somebody waits for it."""

    def call_later(self, seconds: float, callback: Callable[[], object]):
        timer = super().call_later(seconds, callback)
        asyncio.get_running_loop().call_soon(self.advance, seconds)
        return timer


@dataclass
class Odoo:
    """The outbox of tenant A and, behind it, the records as they are now."""

    warehouse: Warehouse
    number: int = 0
    records: dict[tuple[str, int], Event] = field(default_factory=dict)
    dead: int = 0
    backfill_state: str = "done"
    dead_by_backfill: int = 0
    slow: int = 0
    tenant: TenantSettings = field(
        default_factory=lambda: TenantSettings(database="t", uuid="u", rut=A, store="memory")
    )

    async def write(self, type: str, *, lost: bool = False, **more: Any) -> None:
        """A record is created or changed, and its event delivered unless it is ``lost``."""
        self.number += 1
        made = event(type, self.number, **more)
        self.records[type.split(".")[0], made.data["id"]] = made
        if not lost:
            await self.deliver(made)

    async def delete(self, type: str, model: str, id: int, *, lost: bool = False) -> None:
        self.number += 1
        del self.records[type, id]
        if not lost:
            await self.deliver(deleted(model, id, self.number))

    async def deliver(self, found: Event) -> None:
        assert await self.warehouse.refused(A, [found.rut]) == {}
        await self.warehouse.write(A, [row(found)])

    async def send_test(self, subscription_id: int, message: str = "") -> str:
        self.number += 1
        ping = event("test.ping", self.number, id=subscription_id, model="smarter.subscription")
        ping = replace(ping, id=str(uuid.uuid4()))
        await self.deliver(ping)
        return ping.id

    async def backfill(self, subscription_id: int, company_id: int | None = None) -> int:
        for found in list(self.records.values()):
            self.number += 1
            await self.deliver(replace(found, number=self.number))
        self.dead += self.dead_by_backfill
        return 1

    async def backfill_status(self, backfill_id: int) -> dict[str, Any]:
        return {"state": self.backfill_state, "captured": len(self.records), "error": "no"}

    async def stats(self) -> dict[str, Any]:
        self.slow -= 1
        counts = {"pending": int(self.slow > 0), "leased": 0, "dead": self.dead}
        return {"subscriptions": [{"id": 1, "oldest_seconds": 9e9, **counts}]}


@pytest.fixture
async def odoo(warehouse: Warehouse) -> Odoo:
    """A day of tenant A, all of it delivered."""
    found = Odoo(warehouse)
    await found.write("order.confirmed", id=1, lines=[line(1), line(2)])
    await found.write("order.confirmed", id=2, rut=BRANCH, lines=[line(3)])
    await found.write("order.updated", id=1, net=5, lines=[line(2, qty=1.0)])
    await found.write("invoice.posted", id=1)
    await found.write("invoice.reset", id=1, state="draft")
    await found.write("stock.changed", id=1)
    await found.write("stock.changed", id=2, on_hand=3.0)
    await found.delete("stock", "stock.quant", 1)
    await found.write("contact.created", id=1)
    return found


async def rebuilt(odoo: Odoo, **more: Any):
    return await Rebuild(odoo, odoo.warehouse, 1, SwiftClock(), **more).run()


async def held(odoo: Odoo, tenant: str = A) -> dict[Place, Digest]:
    async with odoo.warehouse.connection() as connection:
        return await digest(connection, tenant)


async def test_rebuilding_a_sound_warehouse_changes_nothing(odoo: Odoo) -> None:
    grown = await held(odoo)
    assert (await rebuilt(odoo)).removed == {}
    assert differences(grown, await held(odoo)) == []


async def test_a_warehouse_rebuilt_from_nothing_equals_the_grown_one(
    odoo: Odoo, kpi: Installed
) -> None:
    grown = await held(odoo)
    with kpi.admin() as admin:
        admin.execute("TRUNCATE wh.orders, wh.order_lines, wh.invoices, wh.stock, wh.customers")
    assert len(differences(grown, await held(odoo))) == 7
    await rebuilt(odoo)
    assert differences(grown, await held(odoo)) == []


async def test_what_was_damaged_or_missed_is_made_good(odoo: Odoo, kpi: Installed) -> None:
    await odoo.write("order.confirmed", id=3, lines=[line(9)])
    await odoo.write("stock.changed", id=4)
    truth = await held(odoo)
    with kpi.admin() as admin:
        admin.execute("UPDATE wh.orders SET net = 0 WHERE order_id = 1")
        admin.execute("DELETE FROM wh.order_lines WHERE order_id = 3")
        admin.execute("DELETE FROM wh.stock WHERE quant_id = 4")
    assert len(differences(truth, await held(odoo))) == 3
    await rebuilt(odoo)
    assert differences(truth, await held(odoo)) == []


async def test_a_record_whose_deletion_was_missed_goes_with_its_lines(
    odoo: Odoo, kpi: Installed
) -> None:
    await odoo.write("order.confirmed", id=3, lines=[line(9)])
    await odoo.delete("order", "sale.order", 3, lost=True)
    assert (await rebuilt(odoo)).removed == {"orders": 1}
    assert kpi.rows("SELECT deleted, name FROM wh.orders WHERE order_id = 3") == [(True, None)]
    assert kpi.rows("SELECT count(*) FROM wh.order_lines WHERE order_id = 3") == [(0,)]


async def test_an_event_older_than_the_rebuild_does_not_bring_it_back(
    odoo: Odoo, kpi: Installed
) -> None:
    await odoo.write("order.confirmed", id=3)
    late = event("order.updated", odoo.number + 1, id=3)
    odoo.number += 1
    await odoo.delete("order", "sale.order", 3, lost=True)
    await rebuilt(odoo)
    await odoo.deliver(late)
    assert kpi.rows("SELECT deleted FROM wh.orders WHERE order_id = 3") == [(True,)]


async def test_a_record_made_during_the_rebuild_stays(odoo: Odoo, kpi: Installed) -> None:
    capture = odoo.backfill

    async def busy(subscription_id: int, company_id: int | None = None) -> int:
        done = await capture(subscription_id)
        await odoo.write("order.confirmed", id=77)
        return done

    odoo.backfill = busy
    await rebuilt(odoo)
    assert kpi.rows("SELECT deleted FROM wh.orders WHERE order_id = 77") == [(False,)]


async def test_another_tenant_is_not_touched(odoo: Odoo, kpi: Installed) -> None:
    other = row(event("order.confirmed", 1, tenant=B, id=3))
    await odoo.warehouse.write(B, [other])
    before = await held(odoo, B)
    await rebuilt(odoo)
    assert before and await held(odoo, B) == before


async def test_only_the_asked_company_is_swept(odoo: Odoo, kpi: Installed) -> None:
    for id_, rut in ((8, A), (9, BRANCH)):
        await odoo.write("order.confirmed", id=id_, rut=rut)
        await odoo.delete("order", "sale.order", id_, lost=True)
    assert (await rebuilt(odoo, rut=BRANCH)).removed == {"orders": 1}
    assert kpi.rows("SELECT deleted FROM wh.orders WHERE order_id = 8") == [(False,)]


async def test_a_table_nothing_of_was_confirmed_is_left_alone(odoo: Odoo) -> None:
    await odoo.write("lead.created", id=1)
    await odoo.delete("lead", "crm.lead", 1, lost=True)
    found = await rebuilt(odoo)
    assert (found.removed, found.unconfirmed) == ({}, {"leads": 1})


async def test_nothing_is_removed_when_events_became_dead_letters(
    odoo: Odoo, kpi: Installed
) -> None:
    await odoo.write("order.confirmed", id=3)
    await odoo.delete("order", "sale.order", 3, lost=True)
    odoo.dead_by_backfill = 1
    with pytest.raises(NotRebuilt, match="dead letters"):
        await rebuilt(odoo)
    assert kpi.rows("SELECT deleted FROM wh.orders WHERE order_id = 3") == [(False,)]


async def test_dead_letters_of_before_do_not_matter(odoo: Odoo) -> None:
    odoo.dead = 4
    assert (await rebuilt(odoo)).removed == {}


async def test_a_capture_that_fails_is_said(odoo: Odoo) -> None:
    odoo.backfill_state = "failed"
    with pytest.raises(NotRebuilt, match="could not capture"):
        await rebuilt(odoo)


async def test_a_capture_that_never_ends_is_given_up(odoo: Odoo) -> None:
    odoo.backfill_state = "running"
    with pytest.raises(NotRebuilt, match="within 5 seconds"):
        await rebuilt(odoo, timeout=5)


async def test_an_unknown_subscription_is_refused(odoo: Odoo) -> None:
    with pytest.raises(NotRebuilt, match="no subscription 9"):
        await Rebuild(odoo, odoo.warehouse, 9, SwiftClock()).run()


async def test_the_steps_are_told(odoo: Odoo) -> None:
    told: list[Progress] = []
    odoo.slow = 3
    await rebuilt(odoo, report=told.append)
    assert [progress.step for progress in told] == [
        "mark",
        "capture",
        "deliver",
        "deliver",
        "sweep",
    ]
    assert told[-1].captured == len(odoo.records)


def test_differences_name_company_and_table() -> None:
    before = {(A, "orders"): Digest(2, "x"), (A, "stock"): Digest(1, "y")}
    after = {(A, "orders"): Digest(3, "z"), (A, "stock"): Digest(1, "w")}
    assert differences(before, after) == [
        f"orders of {A}: 2 rows, then 3",
        f"stock of {A}: 1 rows, with other content",
    ]
