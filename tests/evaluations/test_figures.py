"""Words, amounts, intervals and the table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.evaluations.__main__ import least, options
from local.evaluations.amounts import amounts
from local.evaluations.intervals import wilson
from local.evaluations.report import Judged, call_document, judged, missed, rows, table, told
from local.evaluations.verdict import Aspect
from local.evaluations.wording import first_sentence, says, topics, words_of
from tests.evaluations.builders import Telling

pytestmark = pytest.mark.portable


@pytest.mark.parametrize(
    ("text", "phrase", "stands"),
    [
        ("Your appointment is BOOKED!", "is booked", True),
        ("This is a bookshop.", "book", False),
        ("This is a bookshop.", "book*", True),
        ("मैं अपॉइंटमेंट बुक कर दूं?", "बुक कर दूँ", True),
        ("फीस छह सौ है", "फ़ीस", True),
        ("is it booked", "is booked", False),
        ("anything", "", False),
    ],
)
def test_a_phrase_stands_in_a_text_as_whole_words(text: str, phrase: str, stands: bool) -> None:
    assert says(text, [phrase]) is stands


@given(st.text(), st.text())
def test_a_phrase_is_found_wherever_it_is_put(before: str, after: str) -> None:
    assert says(f"{before} shall I book it {after}", ["shall I book it"])


def test_every_phrase_of_every_topic_says_something() -> None:
    assert all(words_of(phrase) for phrases in topics().values() for phrase in phrases)


def test_a_greeting_is_no_sentence() -> None:
    assert first_sentence("Hello! This is Tara. I help.") == "Hello! This is Tara."


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("It costs 600 rupees.", [600]),
        ("₹2,400 a year, or €15.50", [2400, 15]),
        ("one hundred and fifty euros", [150]),
        ("rupees 600, one hundred dollars", [600, 100]),
        ("दो हज़ार चार सौ रुपये", [2400]),
        ("पच्चीस रुपए और छह सौ रुपये", [25, 600]),
        ("एक लाख बीस हज़ार रुपये", [120_000]),
        ("at 5 in the evening, in two weeks", []),
        ("दस percent discount", []),
        ("rupees", []),
    ],
)
def test_amounts_are_heard_beside_a_currency(text: str, named: list[int]) -> None:
    assert amounts(text) == named


@given(st.integers(min_value=0, max_value=9_999_999))
def test_digits_are_read_as_they_are(number: int) -> None:
    assert amounts(f"That is {number:,} rupees.") == [number]


@given(st.text())
def test_any_text_has_amounts_or_none(text: str) -> None:
    assert all(amount >= 0 for amount in amounts(text))


def test_wilson_is_what_the_tables_say() -> None:
    # Newcombe 1998, table I: 81 of 263 is 0.2553-0.3662; 0 of 20 is 0-0.1611; 29 of 29 is 0.8830-1.
    for good, of, low, high in ((81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611), (29, 29, 0.8830, 1.0)):
        assert wilson(good, of) == pytest.approx((low, high), abs=5e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="among those"):
        wilson(3, 2)


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share_and_narrows(good: int, bad: int) -> None:
    of = good + bad
    low, high = wilson(good, of)
    assert 0 <= low <= high <= 1
    if of:
        assert low - 1e-9 <= good / of <= high + 1e-9
        wider = wilson(good, of)
        narrower = wilson(good * 4, of * 4)
        assert narrower[1] - narrower[0] < wider[1] - wider[0]


def a_call(language: str = "en", right: bool = True) -> Judged:
    telling = Telling(language=language, expect={"said": [["six hundred"]]}).agent(300, 3000, "Hello.")
    telling.caller(4000, 5000, "price_question_en")
    return judged(telling.agent(6200, 8000, "Six hundred." if right else "I do not know.").played())


def test_the_table_counts_by_language_and_model_and_all_together() -> None:
    found = rows([a_call(), a_call(right=False), a_call("hi")])
    assert [(row.language, row.calls.good, row.calls.of) for row in found] == [
        ("en", 1, 2),
        ("hi", 1, 1),
        ("all", 2, 3),
    ]
    assert found[0].aspects[Aspect.GOALS].good == 1
    assert found[0].answer_p50_ms == 1200
    assert found[0].language_turns.of == 2
    assert "| English | a-live-model | 1/2 [9-91%]" in table(found)


def test_a_threshold_that_is_missed_is_told_and_one_that_is_reached_is_not() -> None:
    calls = [a_call(), a_call(right=False)]
    assert [one.partition(":")[0] for one in missed(calls, least([]))] == ["goals"]
    assert not missed(calls, least(["goals=0.5"]))
    assert missed(calls, least(["0.4", "goals=0.6"]))


def test_thresholds_are_checked() -> None:
    for wrong in ("beauty=1", "goals=much", "2"):
        with pytest.raises(ValueError, match="--least"):
            least([wrong])
    with pytest.raises(SystemExit):
        options(["--repeat", "0"])


def test_what_failed_is_told_with_its_turns_and_the_json_holds_no_words() -> None:
    telling = Telling(expect={"not_said": [["secret"]]}).caller(100, 200, "price_question_en")
    one = judged(telling.agent(300, 900, "The secret word.").played())
    assert any("turn 2, agent: The secret word." in line for line in told(one))
    assert "The secret word" not in str(call_document(one))
