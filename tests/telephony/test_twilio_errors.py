"""Twilio's error numbers, one by one."""

from __future__ import annotations

import pytest

from shared.telephony.carrier import (
    CallNotActive,
    CallRefused,
    CarrierBusy,
    CarrierUnreachable,
    OutcomeUnknown,
    RefusalKind,
)
from shared.telephony.twilio_errors import carrier_error
from shared.telephony.twilio_http import error_code

BAD_NUMBER, CONFIGURATION = RefusalKind.BAD_NUMBER, RefusalKind.CONFIGURATION
CAPACITY, BLOCKED = RefusalKind.CAPACITY, RefusalKind.BLOCKED


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21211, BAD_NUMBER),
        (400, 21214, BAD_NUMBER),
        (400, 21217, BAD_NUMBER),
        (400, 13223, BAD_NUMBER),
        (400, 13224, BAD_NUMBER),
        (401, 20003, CONFIGURATION),
        (404, 20404, CONFIGURATION),
        (400, 21205, CONFIGURATION),
        (400, 21210, CONFIGURATION),
        (400, 21212, CONFIGURATION),
        (400, 21215, CONFIGURATION),
        (400, 13227, CONFIGURATION),
        (400, 21219, CONFIGURATION),
        (400, 573005, CONFIGURATION),
        (400, 32018, CONFIGURATION),
        (400, 10004, CAPACITY),
        (403, 10004, CAPACITY),
        (400, 21216, BLOCKED),
        (400, 13225, BLOCKED),
        (400, 99999, CONFIGURATION),
        (403, None, CONFIGURATION),
        (302, None, CONFIGURATION),
    ],
)
def test_refusals_say_whose_business_they_are(status: int, code: int | None, kind: RefusalKind) -> None:
    error = carrier_error("POST", status, code)
    assert isinstance(error, CallRefused)
    assert (error.kind, error.code, error.status) == (kind, code, status)


@pytest.mark.parametrize(
    ("method", "status", "code", "expected"),
    [
        ("POST", 429, 20429, CarrierBusy),
        ("POST", 429, None, CarrierBusy),
        ("GET", 429, None, CarrierBusy),
        ("POST", 400, 20429, CarrierBusy),
        ("POST", 500, None, OutcomeUnknown),
        ("POST", 503, 20503, OutcomeUnknown),
        ("GET", 500, 20500, CarrierUnreachable),
        ("POST", 400, 21220, CallNotActive),
    ],
)
def test_what_is_no_refusal(method: str, status: int, code: int | None, expected: type[Exception]) -> None:
    error = carrier_error(method, status, code)
    assert type(error) is expected
    assert (error.code, error.status) == (code, status)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"code": 21211, "message": "…", "more_info": "…", "status": 400}', 21211),
        ('{"type": "about:blank", "title": "Bad", "status": 400, "code": 21211}', 21211),
        ('{"code": "21211"}', None),
        ('{"code": true}', None),
        ("[21211]", None),
        ("null", None),
        ("", None),
        ("<html>", None),
        ("[" * 100_000, None),
    ],
)
def test_the_number_is_read_from_any_body(body: str, code: int | None) -> None:
    assert error_code(body) == code
