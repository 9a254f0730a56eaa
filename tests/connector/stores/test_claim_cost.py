"""A claim reads what is open and due, whatever the planner believes of the table."""

from __future__ import annotations

import pytest

from tests.connector.outbox import subscribe

DELIVERED, OPEN, LANES = 4000, 2000, 500
FILL = """
    WITH stored AS (
        INSERT INTO smarter_event (type, aggregate, rut, epoch, tx)
        SELECT 'order.confirmed', 'sale.order/' || g %% %(lanes)s, '77654321-7', 1, g::text::xid8
        FROM generate_series(%(first)s::int, %(last)s::int) g RETURNING id, aggregate)
    INSERT INTO smarter_delivery (event_id, subscription_id, lane, webhook_id, state)
    SELECT id, %(subscription)s, aggregate, 'msg_' || id, %(state)s FROM stored
"""
READ = """
    SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
    FROM pg_stat_xact_user_tables WHERE relname = 'smarter_delivery'
"""


@pytest.fixture
def owner(outbox):
    """In one transaction, so that nobody takes statistics in between."""
    with outbox.owner() as owner, owner.transaction():
        yield owner


def fill(owner, subscription: int, first: int, count: int, state: str) -> None:
    values = {"subscription": subscription, "state": state, "lanes": LANES}
    owner.execute(FILL, values | {"first": first, "last": first + count - 1})


def claimed(owner) -> tuple[int, int]:
    """How many deliveries a claim hands out, and how many rows it reads for them."""
    (before,) = owner.execute(READ).fetchone()
    (answer,) = owner.execute("""SELECT smarteros.claim('{"limit": 200}')""").fetchone()
    (after,) = owner.execute(READ).fetchone()
    return len(answer["deliveries"]), after - before


def test_what_was_delivered_is_not_read_when_the_planner_believes_it_open(owner):
    key = subscribe(owner)
    fill(owner, key, 1, DELIVERED, "pending")
    owner.execute("ANALYZE smarter_delivery")
    owner.execute("UPDATE smarter_delivery SET state = 'delivered'")
    fill(owner, key, DELIVERED + 1, 5, "pending")
    found, read = claimed(owner)
    assert found == 5 and read < 100


def test_a_sudden_backlog_is_not_compared_with_itself(owner):
    key = subscribe(owner)
    fill(owner, key, 1, DELIVERED, "delivered")
    owner.execute("ANALYZE smarter_delivery")
    fill(owner, key, DELIVERED + 1, OPEN, "pending")
    found, read = claimed(owner)
    assert found == 200 and read < 5 * OPEN


def test_a_lane_that_waits_does_not_read_what_passed_it_by(owner):
    key = subscribe(owner)
    fill(owner, key, 1, 1, "pending")
    fill(owner, key, 2, DELIVERED, "pending")
    owner.execute("UPDATE smarter_delivery SET lane = 'sale.order/1'")
    owner.execute("ANALYZE smarter_delivery")
    owner.execute("UPDATE smarter_delivery SET state = 'delivered' WHERE event_id > 1")
    found, read = claimed(owner)
    assert found == 1 and read < 100
