"""When a callee asked to be called back, in English, Hindi and both; never in the past."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.domain.callback_time import FURTHEST_DAYS, asked_time
from shared.domain.packaged import packaged_yaml
from shared.domain.spoken_time import Contradiction, OClock, spoken_time
from tests.domain.test_calling_window import ZONES, instants, near_changes

INDIA = ZoneInfo("Asia/Kolkata")
TUESDAY = datetime(2026, 11, 24, 14, 10, tzinfo=INDIA)

ASKED = {
    # how long from now
    "in two hours": "24 16:10",
    "in 2 hours please": "24 16:10",
    "after 30 minutes": "24 14:40",
    "in half an hour": "24 14:40",
    "in an hour": "24 15:10",
    "an hour later": "24 15:10",
    "in about 45 mins": "24 14:55",
    "in a couple of hours": "24 16:10",
    "one and a half hours later": "24 15:40",
    "aadhe ghante baad": "24 14:40",
    "आधे घंटे बाद": "24 14:40",
    "do ghante baad call karna": "24 16:10",
    "ek ghante mein": "24 15:10",
    "dedh ghante baad": "24 15:40",
    "dhai ghante ke baad": "24 16:40",
    "saadhe teen ghante baad": "24 17:40",
    "10 minute mein": "24 14:20",
    "15 मिनट बाद": "24 14:25",
    "do din baad": "26 14:10",
    "do din baad shaam 5 baje": "26 17:00",
    "in two days, morning": "26 10:00",
    "next week": "01 14:10",
    # a day
    "tomorrow": "25 14:10",
    "kal": "25 14:10",
    "कल": "25 14:10",
    "parso": "26 14:10",
    "day after tomorrow at noon": "26 12:00",
    "saturday": "28 14:10",
    "Tuesday": "01 14:10",
    "agle hafte somvar ko": "30 14:10",
    "25 tarikh ko 4 baje": "25 16:00",
    "on the 25th": "25 14:10",
    "november 28 at 3pm": "28 15:00",
    "28 november ko": "28 14:10",
    "2 दिसंबर को 11 बजे": "02 11:00",
    # a part of it
    "Monday morning": "30 10:00",
    "aaj shaam ko": "24 18:00",
    "shaam ko": "24 18:00",
    "tonight": "24 20:00",
    "subah": "25 10:00",
    "kal dopahar mein": "25 14:00",
    "tomorrow after lunch": "25 14:00",
    "office ke baad": "24 18:00",
    # o'clock
    "kal shaam 5 baje": "25 17:00",
    "कल शाम ५ बजे": "25 17:00",
    "कल शाम पाँच बजे कॉल करना": "25 17:00",
    "tomorrow at 5 pm": "25 17:00",
    "5 PM tomorrow IST": "25 17:00",
    "5pm": "24 17:00",
    "at 5": "24 17:00",
    "after 5": "24 17:00",
    "5 baje": "24 17:00",
    "5:30": "24 17:30",
    "17:00": "24 17:00",
    "5.30 baje kal": "25 17:30",
    "kal 10 30 am": "25 10:30",
    "half past five": "24 17:30",
    "quarter to six": "24 17:45",
    "at a quarter past four": "24 16:15",
    "5 o'clock": "24 17:00",
    "saadhe paanch baje": "24 17:30",
    "sava chaar baje": "24 16:15",
    "सवा 4 बजे": "24 16:15",
    "paune chhe baje": "24 17:45",
    "dhai baje": "24 14:30",
    "raat 8 baje": "24 20:00",
    "kal raat 11 baje": "25 23:00",
    "kal raat 1 baje": "25 01:00",
    "kal subah das baje": "25 10:00",
    "kal subah 12 baje": "25 12:00",
    "शुक्रवार को दोपहर 2 बजे": "27 14:00",
    "friday ko 12 baje": "27 12:00",
    "call me at 10 in the morning": "25 10:00",
    "kal shaam 6": "25 18:00",
    "kal 4 ke baad": "25 16:00",
    "9 baje": "25 09:00",
    "aaj 9 baje": "24 21:00",
    "12 am tomorrow": "25 00:00",
    "before 5 pm": "24 16:00",
    "5 baje se pehle": "24 16:00",
    "between 5 and 6": "24 17:00",
    "5 ya 6 baje": "24 17:00",
    "5-6 baje": "24 17:00",
    "5 se 6 ke beech kal": "25 17:00",
    "Monday or Tuesday": "30 14:10",
    # what is taken back
    "kal nahi, parso": "26 14:10",
    "5 baje nahi 6 baje": "24 18:00",
    "not tomorrow, Friday": "27 14:10",
}

UNCLEAR = """
    call me later
    baad mein
    thodi der mein
    haan kar do
    number do
    yes please
    two hours
    30 min
    25:00
    at 99
    aaj
    aaj 1 baje
    today at 1 pm
    31 february
    in 45 days
    main 3 baje meeting mein hoon, 5 baje call karo
    Monday is bad, Thursday maybe
""".strip().split("\n")


@pytest.mark.parametrize(("said", "asked"), ASKED.items())
def test_what_the_callee_asked_for(said: str, asked: str) -> None:
    found = asked_time(said, TUESDAY, "Asia/Kolkata")
    assert found is not None
    assert found.strftime("%d %H:%M") == asked
    assert found.tzinfo is INDIA


@pytest.mark.parametrize("said", ["", *(line.strip() for line in UNCLEAR)])
def test_what_is_not_clear_is_not_guessed(said: str) -> None:
    assert asked_time(said, TUESDAY, "Asia/Kolkata") is None


def test_times_are_read_on_the_callees_clock() -> None:
    found = asked_time("tomorrow at 5 pm", TUESDAY, "America/New_York")
    assert found == datetime(2026, 11, 25, 17, 0, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("now", "said", "hour"),
    [
        (datetime(2026, 3, 7, 12, 0), "tomorrow at 02:30", 3),  # left out that night  # noqa: DTZ001
        (datetime(2026, 10, 31, 12, 0), "tomorrow at 01:30 am", 1),  # there twice  # noqa: DTZ001
    ],
)
def test_a_time_that_the_clocks_leave_out_or_repeat_is_an_instant(now: datetime, said: str, hour: int) -> None:
    zone = "America/New_York"
    found = asked_time(said, now.replace(tzinfo=ZoneInfo(zone)), zone)
    assert found is not None
    assert found.hour in (hour, 14)
    assert found.astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(zone)) == found


def test_an_hour_from_now_is_an_hour_also_when_clocks_change() -> None:
    new_york = ZoneInfo("America/New_York")
    before = datetime(2026, 11, 1, 0, 45, tzinfo=new_york)
    found = asked_time("in 2 hours", before, "America/New_York")
    assert found is not None
    assert found.astimezone(INDIA) - before.astimezone(INDIA) == timedelta(hours=2)


WORDS = packaged_yaml("spoken_time.yaml")
vocabulary = sorted(
    {
        word
        for kind in ("numbers", "units", "days", "weekdays", "months", "parts")
        for spellings in WORDS[kind].values()
        for word in spellings
    }
    | {
        word
        for kind in ("later", "within", "clock", "am", "pm", "noon", "or", "before", "earlier")
        for word in WORDS[kind]
    }
    | {"saadhe", "half an", "5", "17:30", "30", "99", "at", "call", "मत", "nahi"}
)
sentences = st.lists(st.sampled_from(vocabulary), max_size=7).map(" ".join) | st.text(max_size=60)


@settings(deadline=None, max_examples=500)
@given(sentences, instants | near_changes, st.sampled_from(ZONES))
@example("kal shaam 5 baje", TUESDAY, "Asia/Kolkata")
@example("saadhe zero baje", TUESDAY, "Asia/Kolkata")
@example("before 12 am", TUESDAY, "Asia/Kolkata")
def test_a_callback_lies_ahead_and_not_too_far(said: str, now: datetime, zone: str) -> None:
    asked = asked_time(said, now, zone)
    if asked is not None:
        assert now < asked <= now + timedelta(days=FURTHEST_DAYS + 1)
        assert asked.utcoffset() is not None


@settings(deadline=None)
@given(sentences)
def test_any_sentence_is_understood_or_not(said: str) -> None:
    try:
        spoken = spoken_time(said)
    except Contradiction:
        return
    if spoken is not None and spoken.clock is not None:
        assert 0 <= spoken.clock.hour <= 23
        assert 0 <= spoken.clock.minute <= 59


def test_a_sentence_is_taken_apart() -> None:
    spoken = spoken_time("Friday evening at half past six")
    assert spoken is not None
    assert spoken.weekday == 4
    assert spoken.clock == OClock(6, 30)
    assert spoken.says_a_day
