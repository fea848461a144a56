"""When something was, as lists write it. [pure]"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DATE = re.compile(
    r"(\d{1,4})[./ -](\d{1,2}|[A-Za-z]{3,9})[./ ,-]+(\d{1,4})"
    r"(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp]\.?[Mm]\.?)?)?"
)
_SERIAL = re.compile(r"[2-6]\d{4}(\.\d+)?")
_MONTHS = {
    name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)
}


def moment(cell: str, *, day_first: bool) -> datetime | None:
    """The instant a cell names, aware; a date without a time is its midnight, a time without an offset is UTC.

    day_first: 03/04/2026 is in April (everywhere but in the United States). None when nobody can tell.
    """
    text = cell.strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            written = _written(text, day_first)
        except (ValueError, OverflowError):
            return None
        if written is None:
            return None
        found = written
    if not 1990 <= found.year <= 2100:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _written(text: str, day_first: bool) -> datetime | None:
    if _SERIAL.fullmatch(text):
        days = timedelta(seconds=round(float(text) * 86_400))
        return datetime(1899, 12, 30, tzinfo=UTC) + days
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    first, second, third, hour, minute, second_of, half = found.groups()
    month = _MONTHS.get(second[:3].casefold()) if second.isalpha() else None
    if len(first) == 4:
        year, month, day = int(first), month or int(second), int(third)
    else:
        year = int(third) + (2000 if len(third) <= 2 else 0)
        day, month = (int(first), month or int(second)) if day_first or month else (int(second), int(first))
    hours = int(hour or 0) % 12 + (12 if half[0] in "Pp" else 0) if half else int(hour or 0)
    return datetime(year, month, day, hours, int(minute or 0), int(second_of or 0), tzinfo=UTC)
