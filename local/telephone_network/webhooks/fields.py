"""What Twilio says in its requests to us. [pure]"""

from __future__ import annotations

import json
from datetime import datetime

from local.telephone_network.calls.call import Call, Direction
from local.telephone_network.rest.call_resource import API_VERSION, rfc2822

_COUNTRIES = (("+1", "US"), ("+91", "IN"), ("+44", "GB"), ("+49", "DE"), ("+33", "FR"), ("+81", "JP"), ("+61", "AU"))


def country(number: str) -> str:
    """The country of a number as far as the network knows it; often Twilio does not either."""
    return next((name for prefix, name in _COUNTRIES if number.startswith(prefix)), "")


def voice_fields(call: Call, account_sid: str, **extra: str) -> dict[str, str]:
    """The fields of every request about a call. What is not known comes as a blank value, as it does from Twilio."""
    fields = {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "CallSid": call.sid,
        "CallStatus": call.status.value,
        "Direction": call.direction.value,
        "From": call.from_,
        "To": call.to,
        "Caller": call.from_,
        "Called": call.to,
    }
    for party, number in (("From", call.from_), ("To", call.to), ("Caller", call.from_), ("Called", call.to)):
        fields |= {f"{party}City": "", f"{party}State": "", f"{party}Zip": "", f"{party}Country": country(number)}
    if call.parent_sid is not None:
        fields["ParentCallSid"] = call.parent_sid
    if call.direction is Direction.INBOUND:
        token = {"parentCallInfoToken": f"{call.sid}+/=", "identityHeaderTokens": []}
        fields["CallToken"] = json.dumps(token)
        if country(call.from_) == "US":
            fields["StirVerstat"] = "TN-Validation-Passed-A"
    return fields | extra


def progress_fields(call: Call, account_sid: str, sequence: int, at: datetime) -> dict[str, str]:
    """The fields of a status callback. Timestamp is RFC 2822, SequenceNumber counts callbacks of the call from 0."""
    fields = voice_fields(call, account_sid) | {
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence),
        "Timestamp": rfc2822(at) or "",
    }
    if call.status.is_final:
        seconds = call.duration_s or 0
        fields |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
        if call.sip_code is not None:
            fields["SipResponseCode"] = str(call.sip_code)
    if call.answered_by is not None:
        fields["AnsweredBy"] = call.answered_by
    return fields


def detection_fields(call: Call, account_sid: str, answered_by: str, duration_ms: int) -> dict[str, str]:
    """The fields of an asynchronous machine detection's callback."""
    return {
        "AccountSid": account_sid,
        "CallSid": call.sid,
        "AnsweredBy": answered_by,
        "MachineDetectionDuration": str(duration_ms),
    }


def stream_fields(
    call: Call, account_sid: str, stream_sid: str, name: str, event: str, at: datetime, error: str | None = None
) -> dict[str, str]:
    """The fields of a stream's status callback. Timestamp is ISO 8601."""
    fields = {
        "AccountSid": account_sid,
        "CallSid": call.sid,
        "StreamSid": stream_sid,
        "StreamName": name,
        "StreamEvent": event,
        "Timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    return fields if error is None else fields | {"StreamError": error}
