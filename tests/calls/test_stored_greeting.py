"""A greeting from the store, through real sockets: the telephone hears it, the speech model does not repeat it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.objects.folder import FolderObjects
from tests.calls.test_whole_call import ASKS_AND_HANGS_UP, laptop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

LISTENS = {"voice": "am_michael", "steps": [{"wait": "agent_done"}, {"hang_up": True}]}


async def test_the_second_caller_is_greeted_by_the_firsts_recording(tmp_path: Path) -> None:
    async with laptop(tmp_path) as home:
        agent = (await home.http.get("/api/agents/reception")).json()
        document = {**agent["agent"], "greeting_from": "recording"}
        told = await home.http.put("/api/agents/reception", json=document)
        assert told.status_code == 200, told.text
        _, first = await home.call(LISTENS)
        assert len(FolderObjects(tmp_path / "recordings").named("greetings/reception/")) == 1
        seen, second = await home.call(ASKS_AND_HANGS_UP)
        kinds = [[event["kind"] for event in call["events"]] for call in (first, second)]
        assert ["stored_greeting" in of_call for of_call in kinds] == [False, True]
        assert [turn["speaker"] for turn in second["turns"]] == ["agent", "caller", "agent"]
        assert second["turns"][0]["text"] == first["turns"][0]["text"]
        assert second["turns"][1]["text"] == "What are your opening hours?"
        assert second["latency"]["first_audio_ms"] <= 150
        assert all(not stream["warnings"] for stream in seen["streams"])
