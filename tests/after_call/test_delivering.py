"""Customers' systems are told of calls and campaigns: signed, until they have taken it, and once more on request."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from functions.after_call.sender import Sender, SendError
from shared.domain.announcement import MOST_TRIES, EventType
from shared.domain.campaign import Campaign, CampaignEvent, PauseReason, campaign_path
from shared.domain.webhook_signing import SigningKeys
from shared.outside import webhook_url_problem
from shared.store.campaigns import move_campaign, pause
from tests.after_call.conftest import CALL, Office

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")


def types(office: Office) -> list[str]:
    return [json.loads(body)["type"] for _, body in office.receiver.got]


async def test_the_end_of_a_call_and_its_analysis_are_told(office: Office) -> None:
    await office.a_webhook()
    await office.a_call(campaign_id="diwali", contact_id="someone")
    await office.later(seconds=6)
    assert sorted(types(office)) == ["call.analysed", "call.ended"]
    told = {json.loads(body)["type"]: json.loads(body)["data"] for _, body in office.receiver.got}
    assert told["call.ended"]["call_sid"] == CALL
    assert told["call.ended"]["campaign_id"] == "diwali"
    assert told["call.analysed"]["analysis"]["lead_turns"] == [2, 4]
    assert [one["state"] for one in await office.all("deliveries")] == ["delivered", "delivered"]
    assert (await office.later(minutes=5)).delivered == 0


async def test_only_what_was_asked_for_is_told(laptop: Office) -> None:
    await laptop.a_webhook("hook", EventType.CALL_ANALYSED)
    await laptop.a_call()
    await laptop.later(seconds=6)
    assert types(laptop) == ["call.analysed"]


async def test_a_campaigns_life_is_told_in_the_same_breath_as_it_happens(office: Office) -> None:
    await office.a_webhook()
    draft = Campaign(id="diwali", name="Diwali", agent_id="renewal", list_id="people")
    await office.store.create(campaign_path("diwali"), draft.to_document())
    await move_campaign(office.store, "diwali", lambda one: one.advanced(CampaignEvent.LAUNCH))
    await move_campaign(office.store, "diwali", lambda one: one.advanced(CampaignEvent.LAUNCH))
    await office.beat()
    await pause(office.store, "diwali", PauseReason.BREAKER, "too many failures")
    await office.beat()
    await move_campaign(office.store, "diwali", lambda one: one.advanced(CampaignEvent.RESUME))
    await office.beat()
    await move_campaign(office.store, "diwali", lambda one: one.advanced(CampaignEvent.CANCEL))
    await office.beat()
    assert types(office) == ["campaign.launched", "campaign.paused", "campaign.resumed", "campaign.cancelled"]
    assert json.loads(office.receiver.got[1][1])["data"]["paused_for"] == "breaker"


async def test_receivers_check_the_signature_with_the_usual_library(laptop: Office) -> None:
    webhook = await laptop.a_webhook()
    await laptop.a_call()
    laptop.clock.set(datetime.now(UTC))  # the library compares with the real time
    await laptop.beat()
    secret = laptop.services.keys.secret_of(webhook.id)
    headers, body = laptop.receiver.got[0]
    lower = {name.lower(): value for name, value in headers.items()}
    assert Verifier(secret).verify(body, lower)
    for wrong in (SigningKeys(b"another").secret_of(webhook.id), laptop.services.keys.secret_of("other")):
        with pytest.raises(WebhookVerificationError):
            Verifier(wrong).verify(body, lower)
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(body.replace("call", "ball"), lower)


async def test_a_receiver_that_is_down_is_tried_again_with_the_same_message(office: Office) -> None:
    await office.a_webhook("hook", EventType.CALL_ENDED)
    office.receiver.answers = [500, 302]
    await office.a_call()
    await office.later(seconds=6)
    [delivery] = await office.all("deliveries")
    assert (delivery["state"], delivery["answered"], delivery["tries"]) == ("due", 500, 1)
    await office.later(seconds=11)
    await office.later(seconds=30)
    assert len(office.receiver.got) == 2, "it waits longer each time"
    await office.later(seconds=31)
    [delivery] = await office.all("deliveries")
    assert (delivery["state"], delivery["tries"]) == ("delivered", 3)
    ids = {headers["webhook-id"] for headers, _ in office.receiver.got}
    bodies = {body for _, body in office.receiver.got}
    assert (len(ids), len(bodies)) == (1, 1)


async def test_one_that_never_answers_is_given_up_and_can_be_told_again(laptop: Office) -> None:
    await laptop.a_webhook("hook", EventType.CALL_ENDED)
    laptop.receiver.answers = [503] * MOST_TRIES
    await laptop.a_call()
    for _ in range(MOST_TRIES + 2):
        await laptop.later(days=2)
    [delivery] = await laptop.all("deliveries")
    assert (delivery["state"], delivery["tries"]) == ("failed", MOST_TRIES)
    assert len(laptop.receiver.got) == MOST_TRIES


async def test_one_that_is_gone_is_told_no_more(laptop: Office) -> None:
    await laptop.a_webhook("hook", EventType.CALL_ENDED)
    laptop.receiver.answers = [410]
    for number in range(2):
        await laptop.a_call(f"CA{number}")
        await laptop.later(seconds=6)
    assert len(laptop.receiver.got) == 1
    [webhook] = await laptop.all("webhooks")
    assert webhook["gone_at"] is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://localhost/hook",
        "https://10.0.0.8/hook",
        "https://169.254.169.254/computeMetadata/v1/",
        "https://metadata/hook",
        "https://user:word@example.com/hook",
        "ftp://example.com/hook",
        "https://",
        "https://[bad",
        "nonsense",
    ],
)
async def test_nothing_is_posted_into_our_own_insides(url: str) -> None:
    assert webhook_url_problem(url, loopback_allowed=False) is not None
    sender = Sender()
    with pytest.raises(SendError):
        await sender.post(url, {}, b"{}")
    await sender.close()


async def test_a_name_that_leads_inside_is_refused_when_it_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def to_metadata(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", to_metadata)
    assert webhook_url_problem("https://innocent.example.com/hook", loopback_allowed=False) is None
    sender = Sender()
    with pytest.raises(SendError, match="private network"):
        await sender.post("https://innocent.example.com/hook", {}, b"{}")
    await sender.close()
