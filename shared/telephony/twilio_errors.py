"""Twilio's error numbers, read as the carrier port's errors.

Sources: Twilio's error dictionary (https://www.twilio.com/docs/api/errors, a page per number) and its account of
status 429 ("never processed and always safe to retry").
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from shared.telephony.carrier import (
    CallNotActive,
    CallRefused,
    CarrierBusy,
    CarrierError,
    CarrierUnreachable,
    OutcomeUnknown,
    RefusalKind,
)

TOO_MANY_REQUESTS = 20429
INVALID_CALL_STATE = 21220

REFUSALS: Mapping[int, RefusalKind] = MappingProxyType(
    {
        10001: RefusalKind.CONFIGURATION,  # account not active
        10002: RefusalKind.CONFIGURATION,  # trial accounts cannot do this
        10004: RefusalKind.CAPACITY,  # as many calls at once as the account may have
        10005: RefusalKind.CONFIGURATION,  # voice is switched off for the account
        13223: RefusalKind.BAD_NUMBER,  # not a phone number
        13224: RefusalKind.BAD_NUMBER,  # no such number, or no route to it today
        13225: RefusalKind.BLOCKED,  # forbidden number
        13226: RefusalKind.BAD_NUMBER,  # no such country code
        13227: RefusalKind.CONFIGURATION,  # the country is not enabled
        20003: RefusalKind.CONFIGURATION,  # wrong credentials
        20005: RefusalKind.CONFIGURATION,  # account not active
        20404: RefusalKind.CONFIGURATION,  # no such account or resource
        21201: RefusalKind.BAD_NUMBER,  # nobody to call
        21205: RefusalKind.CONFIGURATION,  # our webhook's URL
        21210: RefusalKind.CONFIGURATION,  # the caller id is not ours
        21211: RefusalKind.BAD_NUMBER,
        21212: RefusalKind.CONFIGURATION,  # the caller id is no phone number
        21213: RefusalKind.CONFIGURATION,  # no caller id
        21214: RefusalKind.BAD_NUMBER,  # cannot be reached
        21215: RefusalKind.CONFIGURATION,  # the country is not enabled
        21216: RefusalKind.BLOCKED,  # by Twilio, for fraud or by law
        21217: RefusalKind.BAD_NUMBER,
        21219: RefusalKind.CONFIGURATION,  # trial account: unverified number
        21609: RefusalKind.CONFIGURATION,  # status callback's URL
        21626: RefusalKind.CONFIGURATION,  # status callback's events
        32018: RefusalKind.CONFIGURATION,  # TwiML too long to be sent along
        86008: RefusalKind.CAPACITY,
        573005: RefusalKind.CONFIGURATION,  # trial account: unverified number
    }
)
"""What is not listed counts as CONFIGURATION: a person looks at it, and no contact is written off for it."""


def carrier_error(method: str, status: int, code: int | None) -> CarrierError:
    """The port's error for an answer that is no success."""
    if status == 429 or code == TOO_MANY_REQUESTS:
        return CarrierBusy(code=code, status=status)
    if status >= 500:
        unanswered = CarrierUnreachable if method.upper() == "GET" else OutcomeUnknown
        return unanswered(code=code, status=status)
    if code == INVALID_CALL_STATE:
        return CallNotActive(code=code, status=status)
    kind = REFUSALS.get(code or 0, RefusalKind.CONFIGURATION)
    return CallRefused(kind, code=code, status=status)
