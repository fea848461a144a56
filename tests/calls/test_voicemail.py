"""Machines answer campaigns, through real sockets, and what they have recorded is listened to.

After the beep that is the campaign's message in the contact's language and nothing else, or, where the campaign leaves
none, nothing at all. Detection's mistakes are in tests/voice/test_machines.py, on a clock that jumps.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from functions.voice.audio import Upsampler
from local.demo.checks import channels
from local.dialogues import dialogue_of
from local.speech_model import recogniser
from tests.calls.test_whole_call import Laptop, laptop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PADDING_MS = 250
"""Between the clocks of the stream and of the line."""
BYTES_PER_S = 16_000
NOON_IN_INDIA = "2026-11-23T12:00:00+05:30"
RENEWAL = dialogue_of("renewal")
MESSAGE = {tag: RENEWAL.agent_lines[f"renewal_voicemail_{tag}"].text for tag in ("hi", "en")}
CALLEES = {
    "+919810000201": {"answered_by": "machine", "script": {"dialogue": "renewal", "caller": "voicemail"}},
    "+919810000202": {"answered_by": "machine", "script": {"dialogue": "renewal", "caller": "voicemail_english"}},
    "+919810000203": {"answered_by": "machine", "script": {"dialogue": "renewal", "caller": "voicemail"}},
}
PEOPLE = """Name,Mobile,Language,Consent
Sunita Verma,9810000201,hi,yes
Rohit Shah,9810000202,en,yes
"""
NO_MESSAGE = """Name,Mobile,Language,Consent
Kavita Rao,9810000203,hi,yes
"""


@dataclass
class Answered:
    """One machine's call: its row of the results, what the network saw, and what it sounded like."""

    row: dict[str, str]
    seen: dict[str, Any]
    turns: list[dict[str, Any]]
    recording: bytes

    @property
    def beep_over_ms(self) -> int:
        """When the machine's beep was over, on the recording: then it waits for the line to drop. Its end, if it did
        not come to that."""
        waits = [int(one["at_ms"]) for one in self.seen["events"] if one.get("does") == "await"]
        _, agent = channels(self.recording)
        return waits[0] if waits else round(len(agent) / BYTES_PER_S * 1000)

    @property
    def recorded(self) -> list[dict[str, Any]]:
        """What the agent said into the machine."""
        since_ms = self.beep_over_ms - PADDING_MS
        heard = [turn for turn in self.turns if turn["text"]]  # of one that was cut off at once nothing was
        return [turn for turn in heard if turn["speaker"] == "agent" and turn["end_ms"] > since_ms]

    @property
    def silence_after_beep_s(self) -> float:
        """How long the machine recorded before the line dropped."""
        _, agent = channels(self.recording)
        return len(agent) / BYTES_PER_S - self.beep_over_ms / 1000

    def heard(self) -> str | None:
        """The line of the agent that the last of it sounds like; None: none of them."""
        _, agent = channels(self.recording)
        turn = self.recorded[-1]
        start, end = (round(at_ms / 1000 * BYTES_PER_S) // 2 * 2 for at_ms in (turn["start_ms"], turn["end_ms"]))
        sound = agent[start : end + BYTES_PER_S // 4]
        lines = [(name, line.text) for name, line in RENEWAL.agent_lines.items()]
        best = recogniser.recognise(
            lines, {name for name, _ in lines}, Upsampler().push(sound), (end - start) / BYTES_PER_S
        )
        return None if best is None else best.phrase


async def launch(home: Laptop, people: str, **more: Any) -> str:
    """Upload and launch; the campaign's path."""
    files = {"file": ("people.csv", people.encode(), "text/csv")}
    list_id = (await home.http.post("/api/lists", files=files, data={"country": "IN"})).json()["list_id"]
    await home.http.get(f"/api/lists/{list_id}?wait_s=10")
    body = {"name": "Renewals", "agent_id": "renewal", "list_id": list_id, "language": "hi-IN",
            "pacing": {"calls_per_second": 1, "max_concurrent": 8}, **more}  # fmt: skip
    made = await home.http.post("/api/campaigns", json=body)
    assert made.status_code == 201, made.text
    path = f"/api/campaigns/{made.json()['campaign_id']}"
    (await home.http.post(f"{path}/launch")).raise_for_status()
    return path


async def all_answered(home: Laptop, campaigns: Sequence[str]) -> dict[str, Answered]:
    """Beat until nobody is on the line."""
    async with asyncio.timeout(120):
        on_the_line = 1
        while on_the_line:
            (await home.http.post("/campaigns/tick", timeout=90)).raise_for_status()
            reports = [(await home.http.get(f"{path}/report")).json()["contacts"] for path in campaigns]
            on_the_line = sum(one["in_progress"] + (not one["total"]) for one in reports)
            await asyncio.sleep(1)
    rows: dict[str, dict[str, str]] = {}
    for path in campaigns:
        text = (await home.http.get(f"{path}/results.csv")).text
        rows |= {row["number"].lstrip("'"): row for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff")))}
    answered: dict[str, Answered] = {}
    for ring in await home.network.rings():
        sid = ring["call_sid"]
        seen, recording = await home.network.over(sid), await home.network.recording(sid)
        call = (await home.http.get(f"/api/calls/{sid}")).json()
        answered[ring["number"]] = Answered(rows[ring["number"]], seen, call["turns"], recording)
    return answered


async def test_machines_have_recorded_the_message_in_their_language_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOCK", NOON_IN_INDIA)
    async with laptop(tmp_path) as home:
        await home.network.people({number: {"after_s": 1, **callee} for number, callee in CALLEES.items()})
        voicemail = {"leave_message": True, "message": MESSAGE}
        campaigns = [await launch(home, PEOPLE, voicemail=voicemail), await launch(home, NO_MESSAGE)]
        machines = await all_answered(home, campaigns)
    hindi, english, nothing = (machines[number] for number in CALLEES)
    for machine, language in ((hindi, "hi"), (english, "en")):
        assert machine.row["disposition"] == "voicemail_left"
        assert {turn["text"] for turn in machine.recorded} == {MESSAGE[language]}
        assert machine.heard() == f"renewal_voicemail_{language}"
    assert nothing.row["disposition"] == "voicemail_hangup"
    assert nothing.recorded == []
    assert nothing.silence_after_beep_s < 3
