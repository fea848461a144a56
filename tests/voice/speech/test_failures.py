"""Exceptions of three families, and which of ours each becomes."""

from __future__ import annotations

import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError
from google.genai.errors import APIError
from websockets.exceptions import InvalidURI

from functions.voice.speech.failures import ended, opening_failure, refused_status
from functions.voice.speech.model import SpeechError, SpeechRefused, SpeechUnavailable


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (APIError(1007, "bad", None), SpeechRefused),
        (APIError(1006, "gone", None), SpeechUnavailable),
        (DefaultCredentialsError("none"), SpeechRefused),  # type: ignore[no-untyped-call]
        (RefreshError("later", retryable=True), SpeechUnavailable),  # type: ignore[no-untyped-call]
        (InvalidURI("x", "y"), SpeechUnavailable),
        (TimeoutError(), SpeechUnavailable),
        (ConnectionRefusedError(), SpeechUnavailable),
        (ValueError("transparent"), SpeechRefused),
        (RuntimeError("whatever"), SpeechUnavailable),
        (SpeechUnavailable("as it was"), SpeechUnavailable),
    ],
)
def test_what_opening_ends_in(error: Exception, kind: type[SpeechError]) -> None:
    assert type(opening_failure(error)) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, SpeechRefused),
        (408, SpeechUnavailable),
        (425, SpeechUnavailable),
        (429, SpeechRefused),
        (503, SpeechUnavailable),
    ],
)
def test_statuses(status: int, kind: type[SpeechError]) -> None:
    assert type(refused_status(status)) is kind


@pytest.mark.parametrize(
    "text",
    ["Quota exceeded for x", "RESOURCE_EXHAUSTED", "Resource has been exhausted", "spend cap reached", "rate limit"],
)
def test_words_of_a_quota(text: str) -> None:
    assert ended(1011, text).quota
    assert refused_status(403, text).quota


def test_the_services_words_stay_out_of_the_message() -> None:
    error = ended(1007, "invalid: Meera, +919876543210")
    assert "Meera" not in str(error)
    assert "Meera" in (error.detail or "")
