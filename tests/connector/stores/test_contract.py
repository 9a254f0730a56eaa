"""What every store does, whatever lies behind it: memory, PostgreSQL, or Odoo's RPC."""

from __future__ import annotations

import asyncio

import pytest

from smarter_connector.exceptions import ConfigurationError, IdentityMismatch
from smarter_connector.stores.base import Delivery, Outcome, Store
from tests.connector.stores.worlds import World


@pytest.fixture
async def store(world: World):
    opened = world.store()
    yield opened
    await opened.close()


@pytest.fixture
async def other(world: World):
    opened = world.store()
    yield opened
    await opened.close()


async def take(store: Store, **request) -> tuple[Delivery, ...]:
    return (await store.claim(worker="test", **request)).deliveries


def done(delivery: Delivery, outcome="delivered", **values) -> Outcome:
    return Outcome(delivery.id, delivery.lease, outcome, **values)


async def test_a_database_says_who_it_is(world, store):
    world.subscribe(name="mine")
    identity = await store.open()
    assert (identity.uuid, identity.rut, identity.protocol) == (
        store.tenant.uuid,
        store.tenant.rut,
        1,
    )
    assert [(item["name"], item["keys"]) for item in identity.subscriptions] == [("mine", 1)]


@pytest.mark.parametrize("listed", [{"uuid": "of-another"}, {"rut": "11.111.111-1"}])
async def test_a_database_that_is_not_the_listed_one_is_refused(world, listed):
    store = world.store(**listed)
    with pytest.raises(IdentityMismatch):
        await store.open()
    await store.close()


async def test_a_claim_gives_event_and_subscription_with_its_keys(world, store):
    key = world.subscribe(url="https://n8n.example/hook", config={"timeout": 5})
    world.enqueue(key, "sale.order/42")
    claim = await store.claim(worker="test")
    (subscription,), (delivery,) = claim.subscriptions, claim.deliveries
    assert (subscription.id, subscription.url) == (key, "https://n8n.example/hook")
    assert subscription.config == {"timeout": 5}
    assert len(subscription.keys) == 1 and subscription.keys[0] not in repr(subscription)
    assert (delivery.lane, delivery.attempt, delivery.event.aggregate) == (
        "sale.order/42",
        1,
        "sale.order/42",
    )


async def test_what_is_claimed_is_not_claimed_again(world, store, other):
    world.enqueue(world.subscribe())
    assert len(await take(store)) == 1
    assert await take(other) == ()


async def test_a_lane_is_leased_whole_and_in_order(world, store, other):
    key = world.subscribe()
    for _ in range(3):
        world.enqueue(key)
    first = await take(store, per_lane=2)
    assert [item.id for item in first] == sorted(item.id for item in first)
    assert (len(first), await take(other)) == (2, ())


async def test_the_limit_counts_for_each_subscription(world, store):
    keys = [world.subscribe(), world.subscribe()]
    for key in keys:
        for number in range(3):
            world.enqueue(key, f"sale.order/{number}")
    found = await take(store, limit=2)
    assert sorted(item.subscription_id for item in found) == sorted(keys * 2)


async def test_excluded_and_unnamed_subscriptions_are_left_alone(world, store):
    first, second = world.subscribe(), world.subscribe()
    world.enqueue(first)
    world.enqueue(second)
    assert [item.subscription_id for item in await take(store, exclude=[first])] == [second]
    assert await take(store, subscriptions=[second]) == ()


async def test_nothing_is_handed_out_while_the_outbox_is_held(world, store):
    world.enqueue(world.subscribe())
    world.hold()
    claim = await store.claim(worker="test")
    assert (claim.held, claim.deliveries) == (True, ())


async def test_nothing_is_handed_out_of_a_suspended_tenant(world, store):
    world.enqueue(world.subscribe())
    world.suspend()
    claim, identity = await store.claim(worker="test"), await store.open()
    assert (claim.held, claim.deliveries) == (True, ())
    assert (identity.held, identity.held_reason) == (True, "the tenant is suspended")


async def test_a_delivered_head_frees_its_lane(world, store):
    key = world.subscribe()
    world.enqueue(key)
    world.enqueue(key)
    (head,) = await take(store, per_lane=1)
    settled = await store.settle([done(head, status="200")])
    assert (settled.settled, settled.lost) == (1, ())
    assert world.row(head.id)["state"] == "delivered"
    assert len(await take(store)) == 1


async def test_a_retry_waits_and_holds_its_lane_back(world, store):
    key = world.subscribe()
    world.enqueue(key)
    world.enqueue(key)
    head, follower = await take(store)
    await store.settle(
        [done(head, "retry", status="503", answer="busy", retry_in=60), done(follower, "released")]
    )
    assert await take(store) == ()
    assert world.row(head.id) == {
        "state": "pending",
        "attempts": 1,
        "status": "503",
        "answer": "busy",
    }
    world.expire()
    assert [item.attempt for item in await take(store)] == [2, 1]


async def test_a_released_delivery_was_not_tried(world, store):
    world.enqueue(world.subscribe())
    (delivery,) = await take(store)
    await store.settle([done(delivery, "released")])
    (again,) = await take(store)
    assert (again.id, again.attempt, again.webhook_id) == (delivery.id, 1, delivery.webhook_id)


async def test_a_dead_delivery_unblocks_its_lane(world, store):
    key = world.subscribe()
    world.enqueue(key)
    world.enqueue(key)
    (head,) = await take(store, per_lane=1)
    await store.settle([done(head, "dead", status="422")])
    assert len(await take(store)) == 1


async def test_an_expired_lease_goes_to_another_connector_and_is_lost_to_the_first(
    world, store, other
):
    world.enqueue(world.subscribe())
    (mine,) = await take(store)
    world.expire()
    (theirs,) = await take(other)
    assert (theirs.id, theirs.attempt) == (mine.id, 2)
    assert (await store.settle([done(mine)])).lost == (mine.id,)
    assert (await other.settle([done(theirs)])).settled == 1


async def test_an_extended_lease_is_not_given_away(world, store, other):
    world.enqueue(world.subscribe())
    (delivery,) = await take(store)
    world.expire()
    assert await store.extend([delivery.lease], 60) == 1
    assert await take(other) == ()


async def test_an_unknown_outcome_is_refused_and_changes_nothing(world, store):
    world.enqueue(world.subscribe())
    (delivery,) = await take(store)
    with pytest.raises(ConfigurationError):
        await store.settle([done(delivery, "done")])
    assert world.row(delivery.id)["state"] == "leased"


async def test_a_disabled_subscription_keeps_its_deliveries(world, store):
    key = world.subscribe()
    world.enqueue(key)
    assert await store.disable(key, "410 Gone") is True
    assert await store.disable(key, "410 Gone") is False
    assert await take(store) == ()
    (row,) = (await store.stats())["subscriptions"]
    assert (row["id"], row["pending"]) == (key, 1)


async def test_statistics_count_by_state(world, store):
    key = world.subscribe()
    for number in range(3):
        world.enqueue(key, f"sale.order/{number}")
    first, second, _ = await take(store)
    await store.settle([done(first, "dead"), done(second, "released")])
    (row,) = (await store.stats())["subscriptions"]
    assert (row["pending"], row["leased"], row["dead"]) == (1, 1, 1)
    assert row["oldest_seconds"] >= 0


async def test_replay_retries_the_dead_under_their_id_and_the_delivered_under_a_new_one(
    world, store
):
    key = world.subscribe()
    world.enqueue(key, "sale.order/1")
    world.enqueue(key, "sale.order/2")
    dead, delivered = await take(store)
    await store.settle([done(dead, "dead"), done(delivered)])
    counts = await store.replay({"deliveries": [dead.id, delivered.id]})
    assert (counts["retried"], counts["replayed"]) == (1, 1)
    again = {item.lane: item for item in await take(store)}
    assert again[dead.lane].webhook_id == dead.webhook_id
    assert again[delivered.lane].webhook_id != delivered.webhook_id
    assert again[delivered.lane].event.id == delivered.event.id
    assert again[delivered.lane].event.replay == 1


async def test_replay_of_a_subscription_takes_one_state_and_a_time_range(world, store):
    key = world.subscribe()
    world.enqueue(key)
    (delivery,) = await take(store)
    await store.settle([done(delivery, "dead")])
    request = {"subscription_id": key, "state": "dead"}
    early = await store.replay({**request, "until": "2001-01-01T00:00:00Z"})
    assert (early["retried"], (await store.replay(request))["retried"]) == (0, 1)


async def test_a_sink_recalls_what_it_remembered_and_forgets_it(world, store):
    key, stranger = world.subscribe(), world.subscribe()
    await store.remember(key, "contact", {"1": {"id": 9}, "2": 7})
    await store.remember(key, "contact", {"2": 8})
    assert await store.recall(key, "contact", ["1", "2", "3"]) == {"1": {"id": 9}, "2": 8}
    assert await store.recall(stranger, "contact", ["1"]) == {}
    await store.forget(key, "contact", ["1"])
    assert await store.recall(key, "contact", ["1", "2"]) == {"2": 8}


async def test_a_test_event_goes_the_way_of_all_events(world, store):
    key = world.subscribe()
    event = await store.send_test(key, "hola")
    (delivery,) = await take(store)
    assert (delivery.event.id, delivery.event.type) == (event, "test.ping")
    assert delivery.event.data["message"] == "hola"


async def test_a_backfill_is_a_request_that_odoo_works_off(world, store):
    key = await store.backfill(world.subscribe())
    assert (await store.backfill_status(key))["state"] == "pending"


@pytest.mark.parametrize("function", ["send_test", "backfill"])
async def test_an_unknown_subscription_is_refused(store, function):
    with pytest.raises(ConfigurationError, match="unknown subscription"):
        await getattr(store, function)(999)


async def test_calls_from_several_tasks_do_not_mix_their_answers(world, store):
    keys = [world.subscribe() for _ in range(4)]
    await asyncio.gather(*(store.remember(key, "n", {"k": key}) for key in keys))
    found = await asyncio.gather(*(store.recall(key, "n", ["k"]) for key in keys))
    assert found == [{"k": key} for key in keys]
