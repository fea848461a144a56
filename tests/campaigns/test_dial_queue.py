"""Dial requests that go through a queue: sent once, however the queue behaves; spread at its rate."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
import uvicorn

from functions.campaigns.app import make_app
from functions.campaigns.beat import beat
from functions.campaigns.claiming import Claimed, try_to_claim
from functions.campaigns.cloud_tasks import CloudTasksQueue
from functions.campaigns.dialler import OwnDialler, QueueAway, QueueDialler, dial_ordered, dialler_for
from functions.campaigns.services import AccountLimits
from functions.campaigns.wiring import campaign_services
from local.cloud_tasks import CloudTasks, cloud_tasks
from local.telephone_network.server import QuietServer, bind
from shared.domain.attempt import AttemptState
from shared.domain.campaign import Pacing, PauseReason
from shared.domain.contact import ContactState
from shared.settings import Settings, SettingsError, read_settings
from shared.store.campaigns import pause, read_campaign
from tests.campaigns.office import Office

QUEUE = "projects/parley/locations/local/queues/dial"


@asynccontextmanager
async def queued(tasks: CloudTasks, contacts: int = 8, calls_per_second: float = 100) -> AsyncIterator[Office]:
    """An office whose dial requests go through Cloud Tasks to its own campaigns function, all on loopback."""
    office = Office(limits=AccountLimits(calls_per_second=calls_per_second))
    pacing = Pacing(calls_per_second=100, max_concurrent=1000)
    await office.campaign(contacts=contacts, pacing=pacing)
    with bind(0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with cloud_tasks(tasks) as endpoint:
            queue = CloudTasksQueue(QUEUE, url, service_account="scheduler@example.com", endpoint=endpoint)
            office.services = replace(office.services, queue=queue, own_pace=30)
            config = uvicorn.Config(make_app(office.services), lifespan="off", log_config=None)
            server = QuietServer(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                await server.ready.wait()
                yield office
            finally:
                await queue.close()
                server.should_exit = server.force_exit = True
                await serving


@pytest.mark.portable
async def test_everybody_is_called_once_through_the_queue() -> None:
    tasks = CloudTasks(QUEUE)
    async with queued(tasks) as office:
        assert (await beat(office.services)).dialled == 8
        await tasks.brought(8)
        assert len({request.to for request in office.carrier.requests}) == len(office.carrier.requests) == 8
        assert {status for _, _, status in tasks.delivered} == {200}
    task = tasks.created[0]
    assert task.http_request.oidc_token.service_account_email == "scheduler@example.com"
    assert task.http_request.url.startswith(task.http_request.oidc_token.audience + "/campaigns/dial/")
    assert task.dispatch_deadline.total_seconds() == 30


async def test_queue_that_brings_every_order_three_times_calls_everybody_once() -> None:
    tasks = CloudTasks(QUEUE)
    tasks.copies = 3
    async with queued(tasks) as office:
        await beat(office.services)
        await tasks.brought(24)
        assert len(office.carrier.requests) == 8


async def test_order_that_is_lost_and_queue_that_is_away_forget_nobody() -> None:
    tasks = CloudTasks(QUEUE)
    tasks.loses, tasks.outages = 2, 3
    async with queued(tasks) as office:
        await beat(office.services)
        await tasks.brought(3)
        states = sorted(one.state for one in office.attempts())
        assert states == [AttemptState.ACCEPTED] * 3 + [AttemptState.CLAIMED] * 5
        office.clock.skip(31)
        await beat(office.services)
        assert sorted(set(office.states())) == [ContactState.IN_PROGRESS, ContactState.PENDING]
        assert office.states().count(ContactState.PENDING) == 5
        assert len(office.locks()) == 3


async def test_queue_holds_its_own_rate() -> None:
    tasks = CloudTasks(QUEUE, per_second=20)
    async with queued(tasks, contacts=15) as office:
        await beat(office.services)
        await tasks.brought(15)
    sent = sorted(at_s for at_s, _, _ in tasks.delivered)
    assert sent[-1] - sent[0] >= 14 / 20 - 0.02


@pytest.mark.virtual_time
async def test_slow_accounts_are_dialled_without_the_queue() -> None:
    office = Office()
    queue = CloudTasksQueue(QUEUE, "http://127.0.0.1:1")
    services = replace(office.services, queue=queue, own_pace=30)
    assert isinstance(dialler_for(services, 30), OwnDialler)
    assert isinstance(dialler_for(services, 31), QueueDialler)
    assert isinstance(dialler_for(office.services, 1000), OwnDialler)


async def test_queue_that_cannot_be_reached_says_so_in_time() -> None:
    queue = CloudTasksQueue(QUEUE, "http://127.0.0.1:1", endpoint="127.0.0.1:1")
    with pytest.raises(QueueAway):
        await queue.put("a", 1)
    await queue.close()


@pytest.mark.virtual_time
async def test_order_with_another_fence_or_for_nobody_sends_nothing() -> None:
    office = Office()
    await office.campaign(contacts=1)
    (contact,) = office.contacts()
    campaign = await read_campaign(office.store, "diwali")
    document = await office.store.get(f"campaigns/diwali/contacts/{contact.id}")
    assert campaign is not None
    assert document is not None
    claimed = await try_to_claim(office.services, campaign, document, 7, 0.0)
    assert isinstance(claimed, Claimed)
    assert not await dial_ordered(office.services, claimed.attempt.id, 6)
    assert not await dial_ordered(office.services, "nobody", 7)
    assert office.carrier.requests == []
    await pause(office.store, "diwali", PauseReason.PERSON)
    await dial_ordered(office.services, claimed.attempt.id, 7)
    assert office.carrier.requests == []
    assert office.states() == [ContactState.PENDING]


async def test_the_door_for_orders() -> None:
    office = Office()
    transport = httpx.ASGITransport(app=make_app(office.services))
    async with httpx.AsyncClient(transport=transport, base_url="http://campaigns") as http:
        assert (await http.post("/campaigns/dial/nobody?fence=1")).json() == {"status": "ok", "sent": False}
        assert (await http.post("/campaigns/dial/nobody")).status_code == 400
        assert (await http.get("/campaigns/dial/nobody?fence=1")).status_code == 405
        office.memory.away = True
        assert (await http.post("/campaigns/dial/nobody?fence=1")).status_code == 503
        assert (await http.post("/campaigns/tick")).status_code == 503


def settings(**environment: str) -> Settings:
    os.environ.update({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", **environment})
    return read_settings()


async def test_settings_choose_the_queue() -> None:
    office = Office()
    without = campaign_services(settings(), office.store, office.clock)
    assert without.queue is None
    chosen = settings(DIAL_QUEUE=QUEUE, CAMPAIGNS_URL="https://campaigns.example.com")
    services = campaign_services(chosen, office.store, office.clock)
    assert isinstance(services.queue, CloudTasksQueue)
    for one in (without, services):
        await one.carrier.close()


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"DIAL_QUEUE": "dial"}, "DIAL_QUEUE: must be projects/"),
        ({"DIAL_QUEUE": QUEUE}, "CAMPAIGNS_URL: missing"),
        ({"CLOUD_TASKS_ENDPOINT": "cloudtasks.googleapis.com:443"}, "CLOUD_TASKS_ENDPOINT: must be on loopback"),
        (
            {"DIAL_QUEUE": QUEUE, "CAMPAIGNS_URL": "http://127.0.0.1:1", "CLOCK": "2026-11-23T10:00:00+05:30",
             "TWILIO_API_BASE_URL": "http://127.0.0.1:2"},
            "CLOUD_TASKS_ENDPOINT",
        ),
    ],
)  # fmt: skip
def test_settings_of_the_queue_that_cannot_be(environment: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        settings(**environment)
