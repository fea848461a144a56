"""Sessions in use, counted over instances by leases that expire; on SQLite, in memory and on the Firestore emulator."""

from __future__ import annotations

from datetime import timedelta

from shared.domain.call import Direction
from shared.store.live_sessions import (
    FORGOTTEN,
    LEASE,
    SessionsInUse,
    forget_dead_instances,
    lease,
    release,
    sessions_in_use,
)
from shared.store.store import Store
from tests.manual_clock import MONDAY_MORNING as NOW

IN, OUT = Direction.INBOUND, Direction.OUTBOUND


async def test_instances_are_added_up_by_region(store: Store) -> None:
    await store.batch([lease("one", {"developer": {IN: 2, OUT: 1}, "vertex/eu": {IN: 1}}, NOW)])
    await store.batch([lease("two", {"developer": {OUT: 4}}, NOW)])
    assert await sessions_in_use(store, NOW) == {"developer": SessionsInUse(2, 5), "vertex/eu": SessionsInUse(1, 0)}


async def test_a_lease_written_anew_replaces_what_the_instance_said_before(store: Store) -> None:
    await store.batch([lease("one", {"developer": {IN: 9}}, NOW)])
    await store.batch([lease("one", {"developer": {IN: 1}}, NOW)])
    assert (await sessions_in_use(store, NOW))["developer"].total == 1
    await store.batch([release("one")])
    assert await sessions_in_use(store, NOW) == {}


async def test_what_a_dead_instance_held_is_free_a_minute_later_and_forgotten_in_time(store: Store) -> None:
    await store.batch([lease("dead", {"developer": {IN: 9}}, NOW)])
    await store.batch([lease("alive", {"developer": {IN: 1}}, NOW + LEASE)])
    assert (await sessions_in_use(store, NOW + LEASE - timedelta(seconds=1)))["developer"].inbound == 10
    assert (await sessions_in_use(store, NOW + LEASE))["developer"].inbound == 1
    await forget_dead_instances(store, NOW + LEASE)
    assert await store.get("live_sessions/dead") is not None
    await forget_dead_instances(store, NOW + LEASE + FORGOTTEN + timedelta(seconds=1))
    assert await store.get("live_sessions/dead") is None
