"""To which country a complete number belongs and what kind of line it is, by the library's numbering plans. [pure]

``phonenumbers`` answers the same in forty microseconds; it finds each plan and each pattern anew for every number.
Here the plans of a country code are made ready once. The order of the questions is the library's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import phonenumbers

Matches = Callable[[str], object]

_SPECIAL = ("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail")


class _Plan(NamedTuple):
    region: str
    leading: Matches | None
    general: Matches
    special: tuple[tuple[str, Matches], ...]
    fixed: Matches
    mobile: Matches
    same: bool
    """Fixed and mobile lines share their numbers."""


def country_and_kind(calling_code: int, national: str) -> tuple[str, str]:
    """The country (empty: none) and the kind (empty: no such number) of a national significant number."""
    plans = _plans(calling_code)
    if len(plans) == 1:
        return plans[0].region, _kind(plans[0], national)
    for plan in plans:
        if plan.leading is not None:
            if plan.leading(national):
                return plan.region, _kind(plan, national)
        elif kind := _kind(plan, national):
            return plan.region, kind
    return "", ""


def split_digits(digits: str) -> tuple[int, str]:
    """Country code (0: there is none like it) and national number of a complete number without its +."""
    for length in () if digits.startswith("0") else (1, 2, 3):
        if (code := int(digits[:length])) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return code, digits[length:]
    return 0, digits


@lru_cache(maxsize=300)
def shortest_number(region: str) -> int:
    """How many digits a national number of this region has at the least."""
    data: Any = phonenumbers.PhoneMetadata.metadata_for_region(region)
    return int(min(data.general_desc.possible_length))


def may_have_trunk_prefix(calling_code: int, national: str) -> bool:
    """Whether these digits begin as a number does that is written for dialling inside its country."""
    matches = _trunk_prefix(calling_code)
    return matches is not None and matches(national) is not None


def _kind(plan: _Plan, national: str) -> str:
    if not plan.general(national):
        return ""
    for kind, matches in plan.special:
        if matches(national):
            return kind
    fixed = plan.fixed(national)
    if plan.same:
        return "fixed_or_mobile" if fixed else ""
    if plan.mobile(national):
        return "fixed_or_mobile" if fixed else "mobile"
    return "fixed_line" if fixed else ""


@lru_cache(maxsize=300)
def _plans(calling_code: int) -> tuple[_Plan, ...]:
    return tuple(_ready(data, region) for region, data in _metadata(calling_code))


def _metadata(calling_code: int) -> Iterator[tuple[str, Any]]:
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(calling_code, ()):
        data = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(calling_code, region)
        if data is not None:
            yield region, data


def _ready(data: Any, region: str) -> _Plan:
    special = ((kind, getattr(data, kind)) for kind in _SPECIAL)
    return _Plan(
        region,
        re.compile(data.leading_digits).match if data.leading_digits is not None else None,
        _matches(data.general_desc),
        tuple((kind, _matches(numbers)) for kind, numbers in special if numbers is not None),
        _matches(data.fixed_line),
        _matches(data.mobile),
        bool(data.same_mobile_and_fixed_line_pattern),
    )


def _matches(numbers: Any) -> Matches:
    """Whether a number has a length and the digits of this part of a plan."""
    if numbers is None or not numbers.national_number_pattern:
        return lambda _: None
    pattern, lengths = re.compile(numbers.national_number_pattern).fullmatch, frozenset(numbers.possible_length)
    if not lengths:
        return pattern
    return lambda national: len(national) in lengths and pattern(national)


@lru_cache(maxsize=300)
def _trunk_prefix(calling_code: int) -> Matches | None:
    region = phonenumbers.region_code_for_country_code(calling_code)
    data: Any = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(calling_code, region)
    prefix = data.national_prefix_for_parsing if data else None
    return re.compile(prefix).match if prefix else None
