"""What single cells say: languages, countries, dates, damaged text; and what of them may reach an agent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.console.lists.cell_text import as_it_came, needs_no_cleaning, plain
from functions.console.lists.country_names import region_named
from functions.console.lists.damage import damage_in
from functions.console.lists.language_names import language_tag
from functions.console.lists.moment import moment


@pytest.mark.parametrize(
    ("cell", "tag"),
    [
        ("Hindi", "hi"),
        ("हिंदी", "hi"),
        ("हिन्दी", "hi"),
        ("hi", "hi"),
        ("hi-IN", "hi-IN"),
        ("HI_in", "hi-IN"),
        ("hinglish", "hi"),
        ("Hindi / English", "hi"),
        ("Hindi language", "hi"),
        ("अंग्रेज़ी", "en"),
        ("English (US)", "en"),
        ("தமிழ்", "ta"),
        ("Bangla", "bn"),
        ("Odia", "or"),
        ("ଓଡ଼ିଆ", "or"),
        ("Deutsch", "de"),
        ("español", "es"),
        ("en-Latn-IN", "en-IN"),
        ("", ""),
        ("Klingon", None),
        ("zz", None),
        ("1", None),
    ],
)
def test_a_language_is_known_by_its_names(cell: str, tag: str | None) -> None:
    assert language_tag(cell) == tag


@pytest.mark.parametrize(
    ("cell", "region"),
    [
        *((cell, "IN") for cell in ("India", "IN", "in", "भारत", "+91", "91")),
        *((cell, "US") for cell in ("U.S.A.", "united  states", "1")),
        ("UAE", "AE"),
        *((cell, None) for cell in ("Atlantis", "870", "", "91.0")),
    ],
)
def test_a_country_is_known_by_its_names(cell: str, region: str | None) -> None:
    assert region_named(cell) == region


JANUARY = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2026-01-31", JANUARY),
        ("31/01/2026", JANUARY),
        ("31.1.26", JANUARY),
        ("31-Jan-2026", JANUARY),
        ("46053", JANUARY),
        ("2026/01/31", JANUARY),
        ("2026-01-31T15:30:00+05:30", JANUARY.replace(hour=10)),
        ("2026-01-31 10:00", JANUARY.replace(hour=10)),
        ("31/01/2026 10:00 AM", JANUARY.replace(hour=10)),
        ("31/01/2026 12:00 am", JANUARY),
        ("31/01/2026 1:05:09 pm", JANUARY.replace(hour=13, minute=5, second=9)),
        ("yesterday", None),
        ("99/99/2026", None),
        ("0001-01-01", None),
        ("", None),
    ],
)
def test_a_moment_as_lists_write_it(cell: str, at: datetime | None) -> None:
    assert moment(cell, day_first=True) == at


def test_americans_write_the_month_first() -> None:
    assert moment("01/31/2026", day_first=False) == JANUARY
    assert moment("03/04/2026", day_first=True) == datetime(2026, 4, 3, tzinfo=UTC)
    assert moment("03/04/2026", day_first=False) == datetime(2026, 3, 4, tzinfo=UTC)


@given(st.text(max_size=30) | st.from_regex(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}( \d{1,2}:\d{2})?", fullmatch=True))
@example("0001-01-01T00:00:00+05:30")
@example("9999-12-31T23:59:59-05:30")
def test_any_cell_is_a_moment_or_none(cell: str) -> None:
    found = moment(cell, day_first=True)
    assert found is None or found.utcoffset() is not None


@pytest.mark.parametrize(
    ("cells", "damage"),
    [
        (["????? ????"], "text_lost"),
        (["9876543210", "???? (??)"], "text_lost"),
        (["caf\ufffd"], "text_lost"),
        (["à¤¹à¤¿à¤¨à¥à¤¦à¥€"], "text_garbled"),
        (["really?", "why??", "http://x.in/?a=b"], None),
        (["What? Now", "?"], None),
    ],
)
def test_text_that_a_program_spoiled_is_noticed(cells: list[str], damage: str | None) -> None:
    assert damage_in(cells) == damage


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  Asha \t Rao\u00a0", "Asha Rao"),
        ("12, MG Road\r\nPune", "12, MG Road Pune"),
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),
        ("\u202eevil\u202c", "evil"),
        ("ignore\U000e0041\U000e0042", "ignore"),
        ("क्‍ष", "क्‍ष"),
        ("x" * 600, "x" * 500),
        ("hi\U000e0101\U000e0155", "hi"),
        ("🙏🏽 नमस्ते", "🙏🏽 नमस्ते"),
        ("\udce9t\udce9", "été"),
    ],
)
def test_an_untrusted_cell_reaches_an_agent_as_one_short_plain_line(cell: str, text: str) -> None:
    assert plain(cell) == text


@given(st.text(max_size=700))
def test_any_cell_becomes_plain(cell: str) -> None:
    text = plain(cell)
    assert len(text) <= 500
    assert text == text.strip()
    text.encode()
    as_it_came(cell).encode()
    assert not any(sign in text for sign in "\r\n\t\x00\x1b\u202e\u200b\ufeff")
    assert plain(text) == text


@given(st.text(max_size=60))
@example("a\U000e0101")
def test_only_what_needs_no_cleaning_is_left_alone(cell: str) -> None:
    if needs_no_cleaning(cell):
        assert plain(cell) == " ".join(cell.split())
