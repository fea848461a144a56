"""Twilio's callbacks about an attempt that nobody knows: answered, told without personal data, and changing nothing."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.voice.phone import Phone
from tests.voice.test_calls import TARA, house

pytestmark = pytest.mark.virtual_time

NOBODY = "diwali.0123456789abcdef01234567.1"
THEIRS = "+919810000777"


@pytest.mark.parametrize(
    ("path", "fields", "logged"),
    [
        (f"/voice/status?attempt={NOBODY}", {"CallStatus": "ringing", "SequenceNumber": "1"}, "status"),
        (f"/voice/status?attempt={NOBODY}", {"CallStatus": "completed", "SequenceNumber": "4"}, "status"),
        (f"/voice/amd?attempt={NOBODY}", {"AnsweredBy": "human"}, "machine detection"),
        (f"/voice/outbound/{NOBODY}?fence=1", {"CallStatus": "in-progress"}, "answered call"),
    ],
)
async def test_a_callback_of_an_unknown_attempt_changes_nothing(
    path: str, fields: Any, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with house(TARA) as home:
        before = dict(home.store.documents)
        answer = await Phone(home.app).post(path, To=THEIRS, Called=THEIRS, **fields)
        assert answer.status_code == 200
        if "outbound" in path:
            assert "<Hangup" in answer.text
            assert "<Stream" not in answer.text
        assert home.store.documents == before
    told = [record for record in caplog.records if record.getMessage().startswith(logged)]
    assert len(told) == 1
    assert not any(THEIRS[3:] in f"{record.getMessage()} {vars(record)}" for record in caplog.records)
