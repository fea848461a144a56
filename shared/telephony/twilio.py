"""The carrier port on Twilio's REST API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from twilio.base import values
from twilio.rest import Client

from shared.domain.call_status import CallStatus
from shared.telephony.carrier import (
    CallNotActive,
    CallRefused,
    CallRequest,
    CarrierCall,
    CarrierUnreachable,
    OutcomeUnknown,
)
from shared.telephony.twilio_http import TwilioHttp

LONGEST_TWIML = 4000
"""Characters that Twilio takes along with a request (its error 32018)."""
MOST_CALLS_LISTED = 500
MOST_CALLS_READ = 100_000
"""From the books, for a time that is over."""
LONGEST_QUEUED = timedelta(hours=1)
"""Books are kept by the time a call started; it was asked for up to so long before."""

_PROGRESS = ["initiated", "ringing", "answered", "completed"]
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)


class TwilioCarrier:
    """One Twilio account. Never sends a request for a call twice."""

    def __init__(self, account_sid: str, auth_token: str, api_base_url: str, *, http: TwilioHttp | None = None) -> None:
        parts = urlsplit(api_base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("the carrier's API needs an http(s) URL")
        self._http = http or TwilioHttp()
        # An environment of our own: TWILIO_EDGE and TWILIO_REGION would rewrite the host, even a loopback address.
        self._client: Any = Client(
            account_sid, auth_token, http_client=self._http, environment={"TWILIO_ACCOUNT_SID": account_sid}
        )
        self._client.api.base_url = api_base_url.rstrip("/")

    async def place_call(self, request: CallRequest) -> CarrierCall:
        """Ask once for a call. Raises CallRefused, CarrierBusy, CarrierUnreachable or OutcomeUnknown."""
        try:
            return _read(await self._client.calls.create_async(**_form(request)))
        except _UNREADABLE as error:
            raise OutcomeUnknown("the carrier accepted the call in words we cannot read") from error

    async def fetch_call(self, sid: str) -> CarrierCall | None:
        """The call with this SID, or None."""
        try:
            return _read(await self._client.calls(sid).fetch_async())
        except CallRefused as error:
            if error.status == 404:
                return None
            raise
        except _UNREADABLE as error:
            raise CarrierUnreachable("the carrier described the call in words we cannot read") from error

    async def list_calls(
        self, *, from_: str, to: str | None = None, created_after: datetime, created_before: datetime | None = None
    ) -> Sequence[CarrierCall]:
        """Calls from this number (to that one) created at or after the instant (and before the other), newest first.

        Filtered here by creation: Twilio's own StartTime filter leaves out what is still queued, so it is used only
        for a time that is over. Its times have whole seconds, so a call created within the second of the instant
        counts; one without a time counts too.
        """
        since = created_after.replace(microsecond=0)
        filters: dict[str, object] = {"from_": from_, "limit": MOST_CALLS_LISTED, "page_size": 100}
        if to is not None:
            filters["to"] = to
        if created_before is not None:
            filters |= {"start_time_after": since, "start_time_before": created_before + LONGEST_QUEUED}
            filters |= {"limit": MOST_CALLS_READ, "page_size": 1000}
        try:
            calls = [_read(call) for call in await self._client.calls.list_async(**filters)]
        except _UNREADABLE as error:
            raise CarrierUnreachable("the carrier listed calls in words we cannot read") from error
        recent = [
            call
            for call in calls
            if call.created_at is None
            or (call.created_at >= since and (created_before is None or call.created_at < created_before))
        ]
        return sorted(recent, key=lambda call: (call.created_at is None, call.created_at or since), reverse=True)

    async def end_call(self, sid: str) -> None:
        """Cancel it if it is queued or ringing, hang up if it is live; ending twice is fine."""
        try:
            await self._update(sid, status="completed")
        except CallNotActive as error:
            if error.status == 404:
                raise

    async def redirect_call(self, sid: str, twiml: str) -> None:
        """Give a live call new instructions. Raises CallNotActive, ValueError if they are too long."""
        if len(twiml) > LONGEST_TWIML:
            raise ValueError(f"TwiML of {len(twiml)} characters; the carrier takes {LONGEST_TWIML}")
        await self._update(sid, twiml=twiml)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    async def _update(self, sid: str, **changes: str) -> None:
        try:
            await self._client.calls(sid).update_async(**changes)
        except CallRefused as error:
            if error.status == 404:
                raise CallNotActive(code=error.code, status=404) from error
            raise
        except _UNREADABLE as error:
            raise OutcomeUnknown("the carrier changed the call in words we cannot read") from error


def _form(request: CallRequest) -> dict[str, object]:
    detection = request.machine_detection
    return {
        "to": request.to,
        "from_": request.from_,
        "url": request.answer_url,
        "method": "POST",
        "status_callback": request.status_url,
        "status_callback_event": _PROGRESS,
        "status_callback_method": "POST",
        "timeout": request.ring_timeout_s,
        "time_limit": request.time_limit_s,
        "send_digits": values.unset if request.send_digits is None else request.send_digits,
        "machine_detection": values.unset if detection is None else _detection_mode(detection.wait_for_beep),
        "async_amd": values.unset if detection is None else "true",
        "async_amd_status_callback": values.unset if detection is None else detection.callback_url,
        "async_amd_status_callback_method": values.unset if detection is None else "POST",
    }


def _detection_mode(wait_for_beep: bool) -> str:
    return "DetectMessageEnd" if wait_for_beep else "Enable"


def _read(call: Any) -> CarrierCall:
    if not isinstance(call.sid, str) or not call.sid:
        raise ValueError("a call without a SID")
    return CarrierCall(
        sid=call.sid,
        to=call.to or "",
        from_=call._from or "",
        status=CallStatus(call.status),
        created_at=call.date_created if isinstance(call.date_created, datetime) else None,
        duration_s=int(call.duration) if call.duration else None,
        answered_by=call.answered_by or None,
        parent_sid=call.parent_call_sid or None,
    )
