"""Webhooks over the plan's allowance wait for the next hour: none is lost, none passes another."""

from __future__ import annotations

import asyncio

import pytest

from smarter_connector.exceptions import OutboxTooOld
from smarter_connector.stores.base import Delivery, Outcome, Store
from tests.connector.outbox import store_of
from tests.connector.stores.worlds import World


@pytest.fixture
async def store(world: World):
    opened = world.store()
    opened.webhooks_per_hour = 3
    yield opened
    await opened.close()


async def take(store: Store, **request) -> tuple[Delivery, ...]:
    return (await store.claim(worker="test", **request)).deliveries


async def settle(store: Store, deliveries, outcome: str = "delivered") -> None:
    await store.settle([Outcome(item.id, item.lease, outcome, retry_in=0) for item in deliveries])


async def used(store: Store) -> int:
    return (await store.allowance()).used


async def test_no_more_is_claimed_than_is_left_and_the_rest_comes_in_order(world, store):
    key = world.subscribe()
    for _ in range(7):
        world.enqueue(key)
    first = await take(store)
    assert len(first) == 3 and await take(store) == ()
    await settle(store, first)
    assert await take(store) == ()
    world.next_hour()
    second = await take(store)
    await settle(store, second)
    world.next_hour()
    third = await take(store)
    numbers = [item.event.number for item in (*first, *second, *third)]
    assert len(numbers) == 7 and numbers == sorted(numbers)
    assert {item.attempt for item in (*second, *third)} == {1}


async def test_what_is_given_back_is_the_youngest_of_all_webhooks(world, store):
    keys = [world.subscribe(), world.subscribe(target="n8n")]
    for number in range(3):
        for key in keys:
            world.enqueue(key, f"sale.order/{number + 1}")
    taken = await take(store)
    assert sorted(item.lane for item in taken) == [
        "sale.order/1", "sale.order/1", "sale.order/2",
    ]  # fmt: skip


async def test_other_targets_go_on_when_it_is_used_up(world, store):
    webhook, chat = world.subscribe(), world.subscribe(target="chatwoot")
    for number in range(5):
        world.enqueue(webhook, f"sale.order/{number + 1}")
    await settle(store, await take(store))
    for number in range(5):
        world.enqueue(chat, f"sale.order/{number + 1}")
    assert [item.subscription_id for item in await take(store)] == [chat] * 5
    assert await used(store) == 3


@pytest.mark.parametrize("outcome", ["retry", "dead", "released"])
async def test_what_was_not_delivered_is_given_back(world, store, outcome):
    key = world.subscribe()
    for number in range(3):
        world.enqueue(key, f"sale.order/{number + 1}")
    taken = await take(store)
    await settle(store, taken[:1])
    await settle(store, taken[1:], outcome)
    await settle(store, taken[1:], outcome)  # lost by then, and not given back twice
    assert await used(store) == 1


async def test_two_connectors_together_get_what_one_would(world, store):
    key = world.subscribe()
    for number in range(8):
        world.enqueue(key, f"sale.order/{number + 1}")
    other = world.store()
    other.webhooks_per_hour = 3
    found = await asyncio.gather(take(store, limit=2), take(other, limit=2))
    assert sum(map(len, found)) == 3
    await other.close()


async def test_a_claim_says_what_is_used_and_when_more_comes(world, store):
    world.enqueue(world.subscribe())
    allowance = (await store.claim(worker="test")).allowance
    assert (allowance.limit, allowance.used, allowance.spent) == (3, 1, False)
    assert 0 < allowance.opens_in <= 3600


async def test_an_allowance_of_nothing_holds_everything(world, store):
    world.enqueue(world.subscribe())
    store.webhooks_per_hour = 0
    assert await take(store) == ()
    store.webhooks_per_hour = None
    assert len(await take(store)) == 1 and await store.allowance() is None


async def test_a_claim_for_some_subscriptions_is_limited_too(world, store):
    key, other = world.subscribe(), world.subscribe()
    for _ in range(5):
        world.enqueue(key)
        world.enqueue(other)
    assert len(await take(store, subscriptions=[key], exclude=[other])) == 3
    assert await take(store, subscriptions=[other]) == ()


async def test_an_outbox_that_cannot_count_gives_all(outbox, caplog):
    with outbox.server.admin.connect(outbox.name) as admin:
        admin.execute("DROP FUNCTION smarteros.claim_within(jsonb)")
    store = store_of(outbox)
    store.webhooks_per_hour = 0
    assert (await store.claim(worker="test")).allowance is None
    assert store.webhooks_per_hour is None and "not counted" in caplog.text
    with pytest.raises(OutboxTooOld):
        await store.call("claim_within", {})
    await store.close()
