"""What is read off the wire: TwiML, stream messages, forms, URLs. Nothing that is sent can break the network."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.telephone_network.rest.errors import RestError
from local.telephone_network.rest.form import Form, is_url, read_new_call, time_filters
from local.telephone_network.stream import messages
from local.telephone_network.twiml import verbs
from local.telephone_network.twiml.reader import BadTwiml, parse
from local.telephone_network.webhooks.delivery import Delivery, Routes, signed_url

pytestmark = pytest.mark.portable

SID = "MZ1"


def test_twiml_is_read_into_verbs() -> None:
    document = parse(
        """<?xml version="1.0" encoding="UTF-8"?>
        <Response><!-- hello -->
          <Connect action="/after" method="get"><Stream url="wss://a.example/s" name="n" statusCallback="/st">
            <Parameter name="token" value="a&amp;b"/></Stream></Connect>
          <Say language="hi-IN" voice="Polly.Kajal-Neural">नमस्ते</Say>
          <Gather numDigits="1" timeout="auto" action="/g"><Say>Press</Say><Pause length="2"/>
            <Play digits="1"/></Gather>
          <Dial answerOnBridge="true" timeout="25" callerId="+1"><Number url="/w" statusCallback="/s"
            statusCallbackEvent="ringing answered">+49301234</Number></Dial>
          <Redirect>/next</Redirect><Reject reason="busy"/><Hangup/>
        </Response>"""
    )
    connect, say, gather, dial, redirect, reject, hangup = document.verbs
    stream = verbs.Stream("wss://a.example/s", "n", (("token", "a&b"),), "/st")
    assert connect == verbs.Connect(stream, "/after", "GET")
    assert say == verbs.Say("नमस्ते", "hi-IN", "Polly.Kajal-Neural")
    prompts = (verbs.Say("Press"), verbs.Pause(2.0), verbs.Play("", "1"))
    assert gather == verbs.Gather(prompts, "/g", "POST", "dtmf", 1, 5.0)
    number = verbs.Number("+49301234", "/w", "POST", "/s", ("ringing", "answered"))
    assert dial == verbs.Dial(number, None, "POST", 25.0, 14_400.0, True, "+1")
    assert (redirect, reject, hangup) == (verbs.Redirect("/next"), verbs.Reject("busy"), verbs.Hangup())
    assert document.warnings == []


@pytest.mark.parametrize(
    ("twiml", "code"),
    [
        ("", 12100),
        ("hello", 12100),
        ("<Response>", 12100),
        ("<Answer/>", 12100),
        ("<Response>&nbsp;</Response>", 12100),
        ("<Response><Connect/></Response>", 12200),
        ("<Response><Connect><Stream url='wss://a'/><Stream url='wss://b'/></Connect></Response>", 12200),
        ("<Response><Dial/></Response>", 13223),
        ("<Response><Dial><Number>1</Number><Number>2</Number></Dial></Response>", 13223),
        (f"<Response><Say>{'x' * 70_000}</Say></Response>", 11750),
        (b"<?xml version='1.0' encoding='nonsense'?><Response/>", 12100),
    ],
)
def test_what_cannot_be_followed(twiml: str | bytes, code: int) -> None:
    with pytest.raises(BadTwiml) as bad:
        parse(twiml)
    assert bad.value.code == code


@pytest.mark.parametrize(
    ("inside", "warning"),
    [
        ("<Pause length='long'/>", "length of <Pause> is not a number that makes sense"),
        ("<Pause length='nan'/>", "length of <Pause> is not a number that makes sense"),
        ("<Number>1</Number>", "<Number> does not stand on its own"),
        ("<Dial>1<Conference>x</Conference></Dial>", "<Conference> inside <Dial> is not known here"),
        (
            "<Connect><Stream url='wss://a' track='both_tracks'/></Connect>",
            "track has no meaning for a stream that is connected both ways",
        ),
        (
            f"<Connect><Stream url='wss://a'><Parameter name='p' value='{'v' * 499}'/></Stream></Connect>",
            "a <Parameter> has 500 characters or more",
        ),
    ],
)
def test_what_twilio_would_warn_of(inside: str, warning: str) -> None:
    assert parse(f"<Response>{inside}</Response>").warnings == [warning]


@given(st.one_of(st.text(), st.binary()))
@example("<Response><Gather numDigits='1e400' timeout='-1'/></Response>")
@example("<Response><Pause length='∞'/></Response>")
@example("\x00")
def test_any_text_is_twiml_or_bad_twiml(text: str | bytes) -> None:
    try:
        parse(text)
    except BadTwiml as bad:
        assert bad.code  # noqa: PT017


TAG = st.sampled_from(["Say", "Play", "Gather", "Dial", "Number", "Connect", "Stream", "Parameter", "Pause", "Nope"])
ATTRIBUTE = st.sampled_from(["url", "length", "timeout", "numDigits", "name", "value", "action", "digits"])
ELEMENT = st.recursive(
    st.builds(lambda tag, name, value: f"<{tag} {name}='{value}'/>", TAG, ATTRIBUTE, st.sampled_from(["", "1", "x"])),
    lambda inner: st.builds(lambda tag, inside: f"<{tag}>{''.join(inside)}</{tag}>", TAG, st.lists(inner, max_size=3)),
)


@given(st.lists(ELEMENT, max_size=5))
def test_any_verbs_in_any_order(elements: list[str]) -> None:
    try:
        assert len(parse(f"<Response>{''.join(elements)}</Response>").verbs) <= len(elements)
    except BadTwiml as bad:
        assert bad.code in {12200, 13223}  # noqa: PT017


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"event": "media", "streamSid": SID, "media": {"payload": "//8="}}, messages.AgentMedia(b"\xff\xff")),
        ({"event": "media", "streamSid": SID, "media": {"payload": ""}}, messages.AgentMedia(b"")),
        ({"event": "mark", "streamSid": SID, "mark": {"name": "7:160"}}, messages.AgentMark("7:160")),
        ({"event": "clear", "streamSid": SID}, messages.AgentClear()),
    ],
)
def test_what_twilio_takes(message: object, expected: messages.AgentMessage) -> None:
    assert messages.read(json.dumps(message), SID) == expected


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"\x00", 31950),
        ("", 31951),
        ("null", 31951),
        ("[]", 31951),
        ('{"event":1}', 31951),
        ('{"event":["media"]}', 31951),
        ('{"event":"start","streamSid":"MZ1"}', 31951),
        ('{"event":"clear"}', 31951),
        ('{"event":"clear","streamSid":"MZ2"}', 31951),
        ('{"event":"clear","streamSid":"MZ1","sequenceNumber":"1"}', 31951),
        ('{"event":"mark","streamSid":"MZ1","mark":{"name":1}}', 31951),
        ('{"event":"mark","streamSid":"MZ1","mark":"x"}', 31951),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":"//8=","track":"outbound"}}', 31951),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":"*"}}', 31930),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":"हाँ"}}', 31930),
        ("[" * 100_000, 31951),
    ],
)
def test_what_twilio_drops(message: str | bytes, code: int) -> None:
    dropped = messages.read(message, SID)
    assert isinstance(dropped, messages.Dropped)
    assert dropped.code == code


@given(st.one_of(st.text(), st.binary(), st.recursive(st.text() | st.integers(), st.lists).map(json.dumps)))
def test_no_message_breaks_the_stream(message: str | bytes) -> None:
    messages.read(message, SID)


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://a.example/v?x=1&y=%2B", "https://a.example/v?x=1&y=%2B"),
        ("https://a.example:8443/v", "https://a.example/v"),
        ("http://127.0.0.1:8080/v", "http://127.0.0.1:8080/v"),
        ("wss://a.example:443/s", "wss://a.example/s"),
        ("ws://127.0.0.1:8080/s", "ws://127.0.0.1:8080/s"),
        ("https://user:pass@a.example/v", "https://a.example/v"),
        ("https://a.example/v#rc=2&rp=5xx", "https://a.example/v"),
    ],
)
def test_what_a_signature_is_made_over(url: str, signed: str) -> None:
    assert signed_url(url) == signed


def test_how_hard_a_webhook_is_tried() -> None:
    plain = Delivery.of("https://a.example/v?x=1")
    assert (plain.url, plain.retries, plain.connect_s, plain.read_s) == ("https://a.example/v?x=1", 1, 5.0, 15.0)
    assert plain.retries_on("ct")
    assert not plain.retries_on("5xx")
    tuned = Delivery.of("https://a.example/v#rc=3&rp=5xx,rt&ct=200&rt=99999")
    assert (tuned.url, tuned.retries, tuned.connect_s, tuned.read_s) == ("https://a.example/v", 3, 0.2, 15.0)
    assert tuned.retries_on("5xx")
    assert not tuned.retries_on("ct")
    assert Delivery.of("https://a.example/v#rp=all").retries_on("4xx")
    assert Delivery.of("https://a.example/v#rc=many").retries == 1


def test_public_addresses_lead_to_this_machine() -> None:
    routes = Routes({"https://parley.example/": "http://127.0.0.1:8080"})
    assert routes.resolve("https://parley.example/v?x=1") == (
        "http://127.0.0.1:8080/v?x=1",
        {"Host": "parley.example", "X-Forwarded-Proto": "https"},
    )
    assert routes.resolve("wss://parley.example/s")[0] == "ws://127.0.0.1:8080/s"
    assert routes.resolve("https://elsewhere.example/v") == ("https://elsewhere.example/v", {})


def test_times_are_filtered_as_twilio_filters_them() -> None:
    nine = datetime(2026, 11, 23, 9, tzinfo=UTC)
    (day,) = time_filters(Form("StartTime=2026-11-23"), "StartTime")
    assert day.keeps(nine)
    assert not day.keeps(datetime(2026, 11, 24, tzinfo=UTC))
    assert not day.keeps(None)
    (after,) = time_filters(Form("StartTime%3E=2026-11-23T09:00:00Z"), "StartTime")
    assert after.keeps(nine)
    (before,) = time_filters(Form("StartTime%3C=2026-11-23T09:00:00Z"), "StartTime")
    assert not before.keeps(nine)
    assert time_filters(Form("StartTime=yesterday"), "StartTime") == []


@given(st.dictionaries(st.sampled_from(["To", "From", "Url", "Twiml", "StatusCallback", "Timeout"]), st.text()))
@example({"To": "+49301234567", "From": "+13105550100", "Url": "http://[", "Timeout": "soon"})
@example({"To": "+49301234567", "From": "+13105550100", "Url": "http://a:99999999/"})
def test_any_form_is_a_call_or_a_refusal(fields: dict[str, str]) -> None:
    from urllib.parse import urlencode

    try:
        read_new_call(Form(urlencode(fields)), {"+13105550100": None})
    except RestError as refused:
        assert refused.body["code"] == refused.code  # noqa: PT017


@pytest.mark.parametrize("url", ["http://[", "http://a:b/", "//a", "http://", "http://a_b.example", "mailto:x"])
def test_what_is_no_url(url: str) -> None:
    assert not is_url(url)
