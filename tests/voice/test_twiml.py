"""The TwiML Twilio gets."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from functions.voice import twiml


def test_stream_carries_its_token_and_has_a_verb_behind_it() -> None:
    response = ElementTree.fromstring(twiml.stream("https://calls.example.com/", "t0ken", 2))
    connect, redirect = list(response)
    stream = connect[0]
    assert stream.attrib == {
        "url": "wss://calls.example.com/voice/stream",
        "statusCallback": "https://calls.example.com/voice/stream-status",
    }
    assert stream[0].attrib == {"name": "token", "value": "t0ken"}
    assert (redirect.tag, redirect.text) == ("Redirect", "https://calls.example.com/voice/after?stream=2")


@pytest.mark.parametrize(
    ("language", "tag"), [("hi", "hi-IN"), ("hi-en", "hi-IN"), ("en-US", "en-US"), (None, "en-IN"), ("fi", "en-IN")]
)
def test_apology_is_in_the_callers_language(language: str | None, tag: str) -> None:
    say, hangup = list(ElementTree.fromstring(twiml.apologise(language)))
    assert say.attrib["language"] == tag
    assert hangup.tag == "Hangup"


def test_transfer_keeps_ringing_audible_and_asks_again_after_it() -> None:
    behind = twiml.after_url("https://x.example/", 1)
    (dial,) = list(ElementTree.fromstring(twiml.transfer(behind, "+912212345678", "+13105550100")))
    assert dial.attrib["answerOnBridge"] == "true"
    assert dial.attrib["action"] == "https://x.example/voice/after?stream=1"
    assert dial.attrib["callerId"] == "+13105550100"
    assert dial[0].text == "+912212345678"
