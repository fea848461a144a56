"""Reads Twilio's webhooks: checks that they are really Twilio's, and parses what they say.

The signature covers the public URL, byte for byte, and every form field, so both are taken as they came: the raw
query string is never re-encoded, blank and repeated fields are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

SIGNATURE_HEADER = "x-twilio-signature"
MOST_BODY_BYTES = 64 * 1024
"""Twilio's forms have some 30 short fields; anything larger is not from Twilio."""


class BadWebhook(Exception):
    """The request is not what Twilio sends."""


class Form:
    """A form's fields in order, repeats and blanks kept, the way RequestValidator wants them."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._fields = fields

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._fields))

    def __len__(self) -> int:
        return len(self._fields)

    def getlist(self, name: str) -> list[str]:
        """All values of a field; RequestValidator asks by this name."""
        return [value for key, value in self._fields if key == name]

    def get(self, name: str, default: str = "") -> str:
        """The last value of a field."""
        return next((value for key, value in reversed(self._fields) if key == name), default)


def parse_form(body: bytes) -> Form:
    """An urlencoded body, nothing lost. Raises BadWebhook."""
    if len(body) > MOST_BODY_BYTES:
        raise BadWebhook("form is too large")
    try:
        text = body.decode("utf-8")
        return Form(parse_qsl(text, keep_blank_values=True, max_num_fields=200, errors="strict"))
    except ValueError:
        raise BadWebhook("form cannot be read") from None


class Signatures:
    """Checks X-Twilio-Signature over the public origin that Twilio was given."""

    def __init__(self, auth_token: str, public_base_url: str) -> None:
        self._validator = RequestValidator(auth_token)
        self._origin = public_base_url.rstrip("/")

    def url(self, path: str, query: str = "") -> str:
        """The address Twilio signed."""
        return f"{self._origin}{path}" + (f"?{query}" if query else "")

    def holds_for_webhook(self, path: str, query: str, form: Form, signature: str | None) -> bool:
        """Whether a form post really comes from the account."""
        if not signature:
            return False
        return bool(self._validator.validate(self.url(path, query), form, signature))

    def holds_for_upgrade(self, path: str, signature: str | None) -> bool:
        """Whether a WebSocket upgrade does. Twilio signs the wss URL, on some accounts with a slash behind it."""
        if not signature:
            return False
        origin = self._origin.replace("https://", "wss://", 1).replace("http://", "ws://", 1)
        origins = {origin, origin.replace("ws://", "wss://", 1)}
        candidates = [f"{one}{path}{slash}" for one in origins for slash in ("", "/")]
        return any([self._validator.validate(url, {}, signature) for url in candidates])


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """Somebody's phone call, or an answered attempt, asking what to do."""

    call_sid: str
    from_: str
    """E.164, or what Twilio puts there for a hidden number ("anonymous")."""
    to: str
    status: str
    direction: str
    answered_by: str


def incoming_call(form: Form) -> IncomingCall:
    """Raises BadWebhook without a CallSid."""
    call_sid = form.get("CallSid")
    if not call_sid.startswith("CA") or len(call_sid) > 64 or not call_sid.isalnum():
        raise BadWebhook("no CallSid")
    return IncomingCall(
        call_sid=call_sid,
        from_=form.get("From"),
        to=form.get("To"),
        status=form.get("CallStatus"),
        direction=form.get("Direction"),
        answered_by=form.get("AnsweredBy"),
    )


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """How far a call has come, by Twilio's call progress events."""

    call_sid: str
    status: str
    sequence: int
    duration_s: int | None
    sip_code: int | None


def status_update(form: Form) -> StatusUpdate:
    """Raises BadWebhook when there is no call or no status in it."""
    call = incoming_call(form)
    if not call.status:
        raise BadWebhook("no CallStatus")
    return StatusUpdate(
        call.call_sid,
        call.status,
        _number(form.get("SequenceNumber")) or 0,
        _number(form.get("CallDuration")),
        _number(form.get("SipResponseCode")),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
