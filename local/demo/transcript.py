"""A conversation, printed turn by turn while it goes on."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import httpx

LANGUAGES = {"en": "English", "hi": "Hindi", "hi-en": "Hindi-English"}
LOOK_EVERY_S = 0.25


def styled(text: str, code: str) -> str:
    """Coloured on a terminal, plain elsewhere."""
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def line(turn: dict[str, Any], names: dict[str, str]) -> str:
    """One turn; what a barge-in kept from being heard is struck through, or in brackets."""
    seconds = turn["start_ms"] / 1000
    language = LANGUAGES.get(turn["language"] or "", turn["language"] or "")
    who = styled(names[turn["speaker"]], "1;36" if turn["speaker"] == "agent" else "1;33")
    text = f"  {seconds:5.1f} s  {who}  {turn['text']}"
    if turn["cut_off"]:
        text += styled(f"  ⟨interrupted after {turn['heard_ms'] / 1000:.1f} s; never heard: {turn['unheard']}⟩", "2")
    return text + styled(f"  [{language}]", "2")


async def follow(http: httpx.AsyncClient, call_sid: str, names: dict[str, str]) -> None:
    """Print a call's turns and tools as they are written down, until the call has ended."""
    shown: set[str] = set()
    while True:
        answer = await http.get(f"/api/calls/{call_sid}")
        if answer.status_code == 200:
            call = answer.json()
            for text in _new(call, shown, names):
                print(text, flush=True)
            if call.get("ending"):
                return
        await asyncio.sleep(LOOK_EVERY_S)


def _new(call: dict[str, Any], shown: set[str], names: dict[str, str]) -> list[str]:
    found: list[tuple[int, str, str]] = [
        (turn["end_ms"], f"turn {turn['seq']}", line(turn, names)) for turn in call["turns"]
    ]
    found += [
        (event["ms"], f"event {event['seq']}", f"           → {event['fields']['tool']}: {event['fields']['status']}")
        for event in call["events"]
        if event["kind"] == "tool_answered"
    ]
    fresh = [(ms, key, text) for ms, key, text in sorted(found) if key not in shown]
    shown.update(key for _, key, _ in fresh)
    return [text for _, _, text in fresh]
