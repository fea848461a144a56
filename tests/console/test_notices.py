"""What is found out about speech models is told on the home page, on the agents' page and by the API."""

from __future__ import annotations

from datetime import timedelta

from shared.domain.call import Direction
from shared.store.live_sessions import lease
from shared.store.notices import Notice, NoticeKind
from tests.console.conftest import Console
from tests.console.test_calls_and_live import a_call
from tests.console.test_pages import ATTACK, seen

FLASH, LIVE = "gemini-3.1-flash-live-preview", "gemini-3.8-live"


async def test_whoever_looks_is_told_that_a_successor_is_used_and_that_a_quota_is_used_up(console: Console) -> None:
    hour = console.clock.now() + timedelta(hours=1)
    replaced = Notice(NoticeKind.REPLACED, f"reception/{FLASH}", f"Tara is voiced by {LIVE} {ATTACK}", hour)
    quota = Notice(NoticeKind.QUOTA, f"developer/{LIVE}", "Callers are sent elsewhere first.", hour)
    over = Notice(NoticeKind.AVOIDED, f"vertex/eu/{LIVE}", "That is over.", console.clock.now())
    await console.store.batch([replaced.put(), quota.put(), over.put()])
    held = {"developer": {Direction.INBOUND: 3, Direction.OUTBOUND: 2}}
    await console.store.batch([lease("one", held, console.clock.now())])
    known = await console.get("/api/notices")
    assert sorted(one["kind"] for one in known["notices"]) == ["model_replaced", "quota_used_up"]
    assert known["sessions"] == [{"region": "developer", "inbound": 3, "outbound": 2}]
    for path in ("/campaigns", "/agents"):
        text = await seen(console, path)
        assert f"Tara is voiced by {LIVE}" in text
        assert "Quota used up" in text
        assert "That is over." not in text
        assert ATTACK not in text


async def test_nothing_is_said_when_there_is_nothing_to_say(console: Console) -> None:
    assert await console.get("/api/notices") == {"notices": [], "sessions": []}
    assert "Speech models" not in await seen(console, "/campaigns")


async def test_a_calls_page_says_which_model_spoke_and_why_it_failed(console: Console) -> None:
    failure = {"what": "speech model failed", "why": "the speech model's quota is used up", "quota": True, "code": 1011}
    await a_call(console, model=LIVE, model_asked=FLASH, model_reason=f"{FLASH} is no longer listed", failure=failure)
    await a_call(console, "CA2", model=FLASH, model_asked=FLASH, model_reason=None, failure=None)
    text = await seen(console, "/calls/CA1")
    assert f"Voiced by {LIVE} in place of {FLASH}: {FLASH} is no longer listed." in text
    assert "the speech model&#39;s quota is used up" in text
    assert "in place of" not in await seen(console, "/calls/CA2")


async def test_a_calls_page_says_how_well_the_callers_language_was_followed(console: Console) -> None:
    await a_call(console, language_use={"answers": 6, "followed": 5, "share": 0.833, "outside": 1})
    text = await seen(console, "/calls/CA1")
    assert "In the caller's language: 5 of 6 answers; 1 in a language that the agent is not to speak." in text
