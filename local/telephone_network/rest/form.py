"""Reading what the REST API is sent, as strictly as Twilio does. [pure]"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from local.telephone_network.calls.call import Detection, Instructions, StatusCallback
from local.telephone_network.rest.errors import rest_error

LONGEST_TWIML = 4000
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})


class Form:
    """Fields of a form or a query; a field may come several times and may be blank."""

    def __init__(self, encoded: str) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in parse_qsl(encoded, keep_blank_values=True):
            self._fields.setdefault(name, []).append(value)

    def one(self, name: str) -> str | None:
        """The field's last value; a blank one counts as none."""
        return (self._fields.get(name) or [""])[-1] or None

    def all(self, name: str) -> list[str]:
        """Every value of the field."""
        return [value for value in self._fields.get(name, []) if value]

    def number(self, name: str, default: float) -> float:
        """The field as a number."""
        try:
            return float(self.one(name) or default)
        except ValueError:
            return default


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call that somebody asks for."""

    to: str
    from_: str
    instructions: Instructions
    status_callback: StatusCallback | None
    ring_timeout_s: float
    time_limit_s: float
    detection: Detection | None
    send_digits: str | None


def read_new_call(form: Form, owned: Mapping[str, object]) -> NewCall:
    """The call that a form asks for. Raises RestError, in the order in which Twilio looks."""
    to, from_ = form.one("To"), form.one("From")
    if to is None:
        raise rest_error(21201)
    if from_ is None:
        raise rest_error(21213)
    if not _E164.fullmatch(from_):
        raise rest_error(21212)
    if from_ not in owned:
        raise rest_error(21210)
    if not _E164.fullmatch(to):
        raise rest_error(21211)
    return NewCall(
        to=to,
        from_=from_,
        instructions=read_instructions(form),
        status_callback=_status_callback(form),
        ring_timeout_s=min(form.number("Timeout", 60), 600),
        time_limit_s=form.number("TimeLimit", 14_400),
        detection=_detection(form),
        send_digits=form.one("SendDigits"),
    )


def read_instructions(form: Form) -> Instructions:
    """Where TwiML comes from: a URL, which wins, or inline. Raises RestError if neither is usable."""
    url, twiml = form.one("Url"), form.one("Twiml")
    if url is not None:
        if not is_url(url):
            raise rest_error(21205)
        return Instructions(url, (form.one("Method") or "POST").upper(), form.one("FallbackUrl"))
    if twiml is None:
        raise rest_error(21205)
    if len(twiml) > LONGEST_TWIML:
        raise rest_error(32018)
    return Instructions(twiml=twiml)


def is_url(url: str) -> bool:
    """True for an absolute http(s) URL; Twilio takes no host name with an underscore."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and "_" not in (host or "")


def _status_callback(form: Form) -> StatusCallback | None:
    url = form.one("StatusCallback")
    if url is None:
        return None
    if not is_url(url):
        raise rest_error(21609)
    events = {event for value in form.all("StatusCallbackEvent") for event in value.split()}
    if not events <= _EVENTS:
        raise rest_error(21626)
    return StatusCallback(url, (form.one("StatusCallbackMethod") or "POST").upper(), frozenset(events or {"completed"}))


def _detection(form: Form) -> Detection | None:
    mode = form.one("MachineDetection")
    if mode not in {"Enable", "DetectMessageEnd"}:
        return None
    callback = form.one("AsyncAmdStatusCallback") if form.one("AsyncAmd") == "true" else None
    method = (form.one("AsyncAmdStatusCallbackMethod") or "POST").upper()
    return Detection(mode == "DetectMessageEnd", callback, method)


@dataclass(frozen=True, slots=True)
class TimeFilter:
    """Keeps instants from a day, before or after an instant; an instant that is not known is never kept."""

    comparison: str
    """"=", "<" or ">"."""
    at: datetime
    whole_day: bool

    def keeps(self, instant: datetime | None) -> bool:
        """True if this instant is asked for."""
        if instant is None:
            return False
        if self.comparison == "<":
            return instant < self.at
        if self.comparison == ">":
            return instant >= self.at
        return self.at <= instant < self.at + (timedelta(days=1) if self.whole_day else timedelta(seconds=1))


def time_filters(form: Form, name: str) -> list[TimeFilter]:
    """Filters such as StartTime, StartTime< and StartTime>; what is no time is ignored."""
    filters = []
    for comparison in ("=", "<", ">"):
        written = form.one(name if comparison == "=" else f"{name}{comparison}")
        if written is None:
            continue
        try:
            at = datetime.fromisoformat(written.replace("Z", "+00:00"))
        except ValueError:
            continue
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        filters.append(TimeFilter(comparison, at, "T" not in written))
    return filters
