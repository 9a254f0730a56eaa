"""Bringing a tenant's database to rest: what was begun may end, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import psycopg
import pytest

from smarter_connector.clock import FakeClock
from smarter_connector.exceptions import StoreUnavailable
from smarter_connector.tenants import CreateRequest, Platform, create, maintenance

DATABASE = "t_77654321_7"
LEASED = """INSERT INTO smarter_event (type, aggregate, rut, epoch)
    VALUES ('contact.created', 'res.partner/1', '', 1);
    INSERT INTO smarter_delivery (event_id, subscription_id, lane, webhook_id, state, due_at)
    SELECT max(id), 1, 'x', 'm', 'leased', now() AT TIME ZONE 'utc' + interval '1 hour'
    FROM smarter_event"""


@dataclass
class Bed:
    """``waited`` lists the pauses; the clock moves with them."""

    platform: Platform
    clock: FakeClock
    waited: list[float]

    def close(self, after=lambda: None) -> None:
        def wait(seconds: float) -> None:
            self.waited.append(seconds)
            self.clock.advance(seconds)
            after()

        maintenance.close(self.platform, DATABASE, wait=wait)


@pytest.fixture
def bed(little: Platform) -> Iterator[Bed]:
    create(little, CreateRequest(rut="77654321-7", name="Mi Empresa", admin_email="a@example.cl"))
    clock = FakeClock()
    yield Bed(replace(little, clock=clock), clock, [])


def test_with_nobody_at_work_only_the_servers_are_waited_for(bed: Bed):
    with bed.platform.admin(DATABASE) as idle:
        idle.execute("SELECT 1")
        bed.close()
    assert bed.waited == [maintenance.LEARNT_SECONDS]
    with pytest.raises(StoreUnavailable):
        bed.platform.admin(DATABASE)


def test_an_open_transaction_and_a_delivery_under_way_may_end(bed: Bed):
    with bed.platform.admin(DATABASE) as connection:
        connection.execute(LEASED)
        connection.execute("BEGIN")
        assert maintenance.at_work(bed.platform, DATABASE) == 2

        def work() -> None:
            if len(bed.waited) == 3:
                connection.execute("UPDATE smarter_delivery SET state = 'delivered'")
                connection.execute("COMMIT")

        bed.close(work)
    assert len(bed.waited) == 3


def test_what_does_not_end_in_time_is_broken_off(bed: Bed):
    connection = bed.platform.admin(DATABASE)
    connection.execute("BEGIN")
    bed.close()
    assert sum(bed.waited) == pytest.approx(bed.platform.settings.drain_seconds, abs=0.5)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")


def test_closing_what_is_closed_waits_for_nothing(bed: Bed):
    bed.close()
    bed.waited.clear()
    bed.close()
    assert bed.waited == []
