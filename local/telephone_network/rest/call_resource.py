"""A call as Twilio's REST API shows it. [pure]"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import Any

from local.telephone_network.calls.call import Call
from shared.domain.call_status import CallStatus

API_VERSION = "2010-04-01"
_SUBRESOURCES = (
    "notifications recordings payments events siprec streams transcriptions "
    "user_defined_messages user_defined_message_subscriptions"
).split()


def rest_status(call: Call) -> str:
    """Between queue and ringing the REST API still says queued; only callbacks say initiated."""
    return CallStatus.QUEUED.value if call.status is CallStatus.INITIATED else call.status.value


def rfc2822(at: datetime | None) -> str | None:
    """Whole seconds, in UTC, as Twilio writes them."""
    return None if at is None else format_datetime(at.replace(microsecond=0))


def call_resource(call: Call, account_sid: str, *, just_created: bool = False) -> dict[str, Any]:
    """The Call resource. The answer to its creation has no dates yet."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Calls/{call.sid}"
    completed = call.status is CallStatus.COMPLETED
    return {
        "sid": call.sid,
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "parent_call_sid": call.parent_sid,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from_,
        "from_formatted": call.from_,
        "phone_number_sid": call.number_sid,
        "status": rest_status(call),
        "direction": call.direction.value,
        "date_created": None if just_created else rfc2822(call.created_at),
        "date_updated": None if just_created else rfc2822(call.ended_at or call.started_at or call.created_at),
        "start_time": rfc2822(call.started_at),
        "end_time": rfc2822(call.ended_at),
        "duration": str(call.duration_s or 0) if completed else None,
        "price": None,
        "price_unit": "USD",
        "answered_by": call.answered_by,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": str(_queue_ms(call)),
        "trunk_sid": None,
        "annotation": None,
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{_camel(name)}.json" for name in _SUBRESOURCES},
    }


def _queue_ms(call: Call) -> int:
    return 0 if call.started_at is None else round((call.started_at - call.created_at).total_seconds() * 1000)


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
