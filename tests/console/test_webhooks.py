"""Webhooks and readings of calls, as the JSON API offers them."""

from __future__ import annotations

import logging

import pytest

from functions.after_call.delivering import deliver, due_deliveries, fan_out, new_announcements
from shared.domain.analysis import AnalysisJob, AnalysisState, analysis_path
from shared.domain.webhook_signing import SigningKeys
from tests.console.conftest import Console

KEYS = SigningKeys(b"a key for tests")
HOOK = {"url": "https://crm.example.com/parley", "events": ["call.analysed", "campaign.completed"]}


async def test_a_webhook_is_added_listed_and_removed(console: Console, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = await console.does("POST", "/api/webhooks", HOOK, 201)
    assert made["secret"].startswith("whsec_")
    [listed] = (await console.get("/api/webhooks"))["webhooks"]
    assert "secret" not in listed
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert "crm.example.com" not in caplog.text
    path = f"/api/webhooks/{made['webhook_id']}"
    assert (await console.does("DELETE", path))["removed"] is True
    await console.does("DELETE", path, expect=404)
    assert (await console.get("/api/webhooks"))["webhooks"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://crm.example.com"}, "url"),
        ({"url": "https://10.1.2.3/hook"}, "url"),
        ({"url": "http://127.0.0.1:9000/hook"}, "url"),
        ({}, "url"),
        ({**HOOK, "events": ["call.began"]}, "events.0"),
        ({**HOOK, "secret": "mine"}, "secret"),
    ],
)
async def test_what_cannot_be_told_is_refused_by_field(laptop: Console, body: dict[str, object], field: str) -> None:
    problem = await laptop.does("POST", "/api/webhooks", body, 422)
    assert problem["field"] == field


async def test_a_laptop_may_tell_itself(laptop: Console) -> None:
    at_home = Console(laptop.store, loopback_webhooks=True, signing_keys=KEYS)
    made = await at_home.does("POST", "/api/webhooks", {"url": "http://127.0.0.1:9000/hook"}, 201)
    assert made["secret"] == KEYS.secret_of(made["webhook_id"])
    await at_home.close()


async def test_a_message_to_try_it_out_is_sent_seen_and_sent_again(console: Console) -> None:
    from functions.after_call.analyst import Analyst
    from functions.after_call.sender import Sender
    from functions.after_call.services import AfterCallServices
    from shared.store.agents import AgentBook

    class Post(Sender):
        sent = 0

        async def post(self, *_: object) -> int:
            Post.sent += 1
            return 500 if Post.sent == 1 else 200

    nobody = Analyst(lambda _: None, lambda _: None, ())  # type: ignore[arg-type,return-value]
    book = AgentBook(console.store, {})
    services = AfterCallServices(console.store, console.clock, book, nobody, Post(), KEYS)
    made = await console.does("POST", "/api/webhooks", HOOK, 201)
    other = await console.does("POST", "/api/webhooks", HOOK, 201)
    await console.does("POST", f"/api/webhooks/{made['webhook_id']}/test")
    for document in await new_announcements(services, 10):
        await fan_out(services, document)
    for document in await due_deliveries(services, 10):
        await deliver(services, document)
    assert (await console.get(f"/api/webhooks/{other['webhook_id']}/deliveries"))["deliveries"] == []
    [told] = (await console.get(f"/api/webhooks/{made['webhook_id']}/deliveries"))["deliveries"]
    assert (told["type"], told["state"], told["answered"], told["tries"]) == ("webhook.test", "due", 500, 1)
    again = await console.does("POST", f"/api/deliveries/{told['delivery_id']}/replay")
    assert (again["tries"], again["message_id"]) == (0, told["message_id"])
    for document in await due_deliveries(services, 10):
        await deliver(services, document)
    [told] = (await console.get(f"/api/webhooks/{made['webhook_id']}/deliveries"))["deliveries"]
    assert (told["state"], told["answered"]) == ("delivered", 200)
    await console.does("POST", "/api/deliveries/unknown/replay", expect=404)


async def test_a_call_is_read_again_on_request(console: Console) -> None:
    job = AnalysisJob(call_sid="CA1", agent_id="renewal", due_at=console.clock.now(), tries=6)
    await console.does("POST", "/api/calls/CA1/analyse", expect=404)
    await console.store.create(analysis_path("CA1"), job.to_document())
    await console.does("POST", "/api/calls/CA1/analyse", expect=409)
    done = job.changed(state=AnalysisState.FAILED)
    await console.store.update(analysis_path("CA1"), done.to_document())
    asked = await console.does("POST", "/api/calls/CA1/analyse", expect=202)
    assert asked == {"call_sid": "CA1", "state": "due"}
    document = await console.store.get(analysis_path("CA1"))
    assert document is not None
    assert (document.data["state"], document.data["tries"]) == ("due", 0)
