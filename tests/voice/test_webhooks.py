"""Twilio's signatures and forms. The vectors are those of Twilio's own SDKs."""

from __future__ import annotations

from urllib.parse import urlencode

import hypothesis.strategies as st
import pytest
from hypothesis import example, given
from twilio.request_validator import RequestValidator

from functions.voice.webhooks import BadWebhook, Signatures, incoming_call, parse_form, status_update

TOKEN = "12345"
FORM = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
signatures = Signatures(TOKEN, "https://mycompany.com")


def body(fields: list[tuple[str, str]]) -> bytes:
    return urlencode(fields).encode()


def holds(fields: list[tuple[str, str]], signature: str | None, query: str = "foo=1&bar=2") -> bool:
    return signatures.holds_for_webhook("/myapp.php", query, parse_form(body(fields)), signature)


def test_twilios_published_vector_holds() -> None:
    assert holds(FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")


def test_signature_with_the_port_written_out_holds_too() -> None:
    assert holds(FORM, "kvajT1Ptam85bY51eRf/AJRuM3w=")


@pytest.mark.parametrize("signature", [None, "", "x", "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "é" * 28])
def test_missing_or_wrong_signature_is_refused(signature: str | None) -> None:
    assert not holds(FORM, signature)


def test_wrong_key_is_refused() -> None:
    other = Signatures("54321", "https://mycompany.com")
    form = parse_form(body(FORM))
    assert not other.holds_for_webhook("/myapp.php", "foo=1&bar=2", form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")


@pytest.mark.parametrize(
    "tampered",
    [
        [*FORM, ("Extra", "1")],
        FORM[:-1],
        [("CallSid", "CA1234567890ABCDF"), *FORM[1:]],
        [*FORM, ("Digits", "9")],
    ],
    ids=["added", "left out", "changed", "repeated"],
)
def test_tampered_form_is_refused(tampered: list[tuple[str, str]]) -> None:
    assert not holds(tampered, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")


def test_query_is_signed_as_it_came() -> None:
    assert not holds(FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", query="bar=2&foo=1")


def test_repeated_and_blank_fields_are_kept() -> None:
    fields = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
    signer = Signatures(TOKEN, "https://example.com")
    form = parse_form(body(fields))
    expected = RequestValidator(TOKEN).compute_signature("https://example.com/x", form)
    assert signer.holds_for_webhook("/x", "", form, expected)
    assert parse_form(b"Digits=&From=%2B1").get("From") == "+1"
    assert "Digits" in set(parse_form(b"Digits=&From=%2B1"))


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=12)), max_size=12))
@example([("a", ""), ("a", "\x00"), ("ः", "+91 98")])
def test_whatever_twilio_signs_holds(fields: list[tuple[str, str]]) -> None:
    try:
        form = parse_form(body(fields))
    except (BadWebhook, UnicodeEncodeError):
        return
    signature = RequestValidator(TOKEN).compute_signature("https://mycompany.com/voice/inbound", form)
    assert signatures.holds_for_webhook("/voice/inbound", "", form, signature)


@given(st.binary(max_size=300))
@example(b"%ff=%fe")
@example(b"&" * 300)
def test_any_bytes_are_a_form_or_a_bad_webhook(raw: bytes) -> None:
    try:
        form = parse_form(raw)
    except BadWebhook:
        return
    assert not signatures.holds_for_webhook("/voice/inbound", "", form, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")


def test_giant_form_is_refused() -> None:
    with pytest.raises(BadWebhook):
        parse_form(b"a=" + b"x" * 70_000)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("scheme", ["wss", "ws"])
def test_upgrade_is_signed_over_the_socket_address(scheme: str, slash: str) -> None:
    signer = RequestValidator(TOKEN)
    here = Signatures(TOKEN, "https://example.com" if scheme == "wss" else "http://127.0.0.1:8080")
    origin = "wss://example.com" if scheme == "wss" else "ws://127.0.0.1:8080"
    signature = signer.compute_signature(f"{origin}/voice/stream{slash}", {})
    assert here.holds_for_upgrade("/voice/stream", signature)
    assert not here.holds_for_upgrade("/voice/other", signature)


def test_known_upgrade_vector_holds_and_others_do_not() -> None:
    here = Signatures(TOKEN, "https://example.com")
    assert here.holds_for_upgrade("/media", "7PR3qMkpDyEJtMrVOY/LDyNq8J8=")
    assert not here.holds_for_upgrade("/media", None)
    assert not here.holds_for_upgrade("/media", "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=")


@pytest.mark.parametrize("call_sid", ["", "XX1", "CA1/../x", "CA" + "1" * 80])
def test_webhook_without_a_call_is_bad(call_sid: str) -> None:
    with pytest.raises(BadWebhook):
        incoming_call(parse_form(body([("CallSid", call_sid)])))


def test_status_update_reads_numbers_that_are_strings() -> None:
    form = parse_form(
        body([("CallSid", "CA1"), ("CallStatus", "completed"), ("SequenceNumber", "3"), ("CallDuration", "41")])
    )
    update = status_update(form)
    assert (update.status, update.sequence, update.duration_s, update.sip_code) == ("completed", 3, 41, None)


def test_status_update_without_a_status_is_bad() -> None:
    with pytest.raises(BadWebhook):
        status_update(parse_form(body([("CallSid", "CA1")])))
