"""Judges: each says yes to the call that is right and no to the one that is wrong, and names the turns."""

from __future__ import annotations

from typing import Any

import pytest

from local.evaluations.judges import false_ends, judge, matches, waits_ms
from local.evaluations.scenario import Argument
from local.evaluations.verdict import Aspect, Verdict
from tests.evaluations.builders import Telling

pytestmark = pytest.mark.portable


def greeted(**changes: Any) -> Telling:
    """A call in which the agent has said hello."""
    return Telling(**changes).agent(300, 3000, "Hello! This is Tara, the automated assistant. How can I help you?")


def failing(telling: Telling, aspect: Aspect) -> list[Verdict]:
    """What does not hold."""
    return [verdict for verdict in judge(telling.played()) if verdict.aspect is aspect and not verdict.holds]


# -- goals


def test_what_was_to_be_heard_was_heard_or_not() -> None:
    expect = {"said": [["six hundred", "600"]], "not_said": [["discount"]], "ending": "agent_ended"}
    telling = greeted(expect=expect).caller(4000, 5000, "price_question_en").agent(6000, 8000, "It is 600 rupees.")
    assert not failing(telling, Aspect.GOALS)
    telling.agent(9000, 9500, "With a discount.")
    assert [verdict.turns for verdict in failing(telling, Aspect.GOALS)] == [(4,)]
    telling.call["ending"] = "silence"
    assert [verdict.seen for verdict in failing(telling, Aspect.GOALS)] == ["", "silence"]


def test_words_cut_off_before_they_were_heard_were_not_said() -> None:
    telling = greeted(expect={"said": [["six hundred"]]}).caller(4000, 5000, "price_question_en")
    telling.agent(6000, 6500, "A first visit", unheard="costs six hundred rupees.")
    assert failing(telling, Aspect.GOALS)


def test_the_opening_is_no_answer() -> None:
    telling = Telling(expect={"said": ["says_will_not_call"]})
    telling.agent(300, 3000, "An automated assistant. Say stop and we will not call you again.")
    telling.caller(4000, 5000, "stop_calling_en")
    assert failing(telling, Aspect.GOALS)
    telling.agent(6000, 8000, "I have removed your number.")
    assert not failing(telling, Aspect.GOALS)


def test_a_caller_who_gave_up_fails_the_call() -> None:
    assert failing(greeted().note(40_000, "gave up", step=3), Aspect.GOALS)


def test_outcome_and_disposition_are_the_campaigns_word() -> None:
    outbound = {"language": "en-IN"}
    expect = {"outcome": "do_not_call", "disposition": "human"}
    telling = greeted(outbound=outbound, expect=expect)
    assert len(failing(telling, Aspect.GOALS)) == 2
    telling.attempt = {"outcome": "do_not_call", "disposition": "human"}
    assert not failing(telling, Aspect.GOALS)


# -- tools


BOOKS = {"tool": "book_appointment", "arguments": {"name": "{name}", "starts_at": {"moment": "{tomorrow}T17:00"}}}


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ({"name": "John Miller", "starts_at": "2026-12-02T17:00"}, True),
        ({"name": "john miller", "starts_at": "2026-12-02T17:00:00+05:30"}, True),
        ({"name": "John Miller", "starts_at": "2026-12-03T17:00"}, False),
        ({"name": "Jon Miller", "starts_at": "2026-12-02T17:00"}, False),
        ({"starts_at": "2026-12-02T17:00"}, False),
    ],
)
def test_a_tool_is_right_with_its_arguments(arguments: dict[str, str], right: bool) -> None:
    telling = greeted(facts={"name": "John Miller"}, expect={"tools": [BOOKS]})
    telling.tool(5000, "book_appointment", **arguments)
    assert (not failing(telling, Aspect.TOOLS)) is right


def test_a_tool_that_failed_or_ran_twice_or_never_is_wrong() -> None:
    expect = {"tools": [{"tool": "end_call"}]}
    assert failing(greeted(expect=expect), Aspect.TOOLS)[0].seen == "never called"
    assert "status error" in failing(greeted(expect=expect).tool(1, "end_call", "error"), Aspect.TOOLS)[0].seen
    assert failing(greeted(expect=expect).tool(1, "end_call").tool(2, "end_call"), Aspect.TOOLS)
    assert not failing(greeted(expect=expect).tool(1, "end_call"), Aspect.TOOLS)


def test_a_forbidden_tool_is_wrong() -> None:
    assert failing(greeted(expect={"not_tools": ["opt_out"]}).tool(1, "opt_out"), Aspect.TOOLS)


@pytest.mark.parametrize(
    ("argument", "given", "right"),
    [
        (Argument(equals="{day}"), "2026-12-02", True),
        (Argument(equals=3), 3, True),
        (Argument(equals=3), "3", False),
        (Argument(pattern="^sharma"), "Sharma, Meera", True),
        (Argument(pattern="^sharma"), "Meera Sharma", False),
        (Argument(one_of=("visit", "check-up")), "Check up", True),
        (Argument(one_of=("visit",)), "blood", False),
        (Argument(any=True), "", True),
        (Argument(any=True), None, False),
        (Argument(moment="{day}T09:30"), "2026-12-02 09:30", True),
        (Argument(moment="{day}T09:30"), "soon", False),
    ],
)
def test_arguments_match(argument: Argument, given: object, right: bool) -> None:
    assert matches(argument, given, {"day": "2026-12-02"}) is right


# -- language


def test_each_turn_is_in_the_language_of_the_callers_last_line() -> None:
    telling = greeted().caller(4000, 5000, "price_question_hi").agent(6000, 7000, "छह सौ रुपये।", "hi")
    assert not failing(telling, Aspect.LANGUAGE)
    telling.caller(8000, 9000, "price_question_mixed").agent(10_000, 11_000, "छह सौ rupees है।", "hi-en")
    assert not failing(telling, Aspect.LANGUAGE)
    telling.caller(12_000, 13_000, "price_short_en").agent(14_000, 15_000, "छह सौ।", "hi")
    assert [verdict.turns for verdict in failing(telling, Aspect.LANGUAGE)] == [(7,)]


def test_an_agent_that_stays_answers_in_its_start_language() -> None:
    telling = greeted(answers_in="start_language").caller(4000, 5000, "price_question_hi")
    telling.agent(6000, 7000, "Six hundred rupees.", "en")
    assert not failing(telling, Aspect.LANGUAGE)


# -- latency


def test_waits_are_measured_in_the_sound() -> None:
    telling = greeted().caller(4000, 5000, "price_question_en").agent(6200, 8000, "It is 600 rupees.")
    assert waits_ms(telling.played()) == [1200]
    assert not failing(telling, Aspect.LATENCY)
    telling.caller(9000, 10_000, "price_short_en").agent(14_000, 15_000, "As I said.")
    assert [verdict.seen for verdict in failing(telling, Aspect.LATENCY)] == ["4000 ms"]


def test_a_late_first_sound_is_told() -> None:
    telling = greeted().note(20_000, "recorded", first_sound_ms=3100)
    assert [verdict.seen for verdict in failing(telling, Aspect.LATENCY)] == ["3100 ms"]


# -- interruptions


def interrupted(cleared_after_ms: int | None, answer: str = "Of course. Your name?") -> Telling:
    telling = greeted().caller(4000, 5000, "price_question_en")
    telling.agent(6000, 8000, "A first visit costs six hundred rupees,", unheard="and a follow-up is free.")
    telling.caller(8000, 10_000, "just_book_en", over_agent=True)
    if cleared_after_ms is not None:
        telling.note(8000 + cleared_after_ms, "clear", dropped_ms=3000)
    return telling.agent(11_000, 12_000, answer)


def test_an_interruption_is_heard_at_once() -> None:
    assert not failing(interrupted(150), Aspect.INTERRUPTIONS)
    assert [verdict.seen for verdict in failing(interrupted(1700), Aspect.INTERRUPTIONS)] == ["1700 ms"]
    late = failing(interrupted(None), Aspect.INTERRUPTIONS)
    assert [(verdict.seen, verdict.turns) for verdict in late] == [("never", (3,))]


def test_an_answer_that_begins_again_is_told() -> None:
    again = failing(interrupted(150, "A first visit costs 600 rupees, as I said."), Aspect.INTERRUPTIONS)
    assert [verdict.turns for verdict in again] == [(3, 5)]


def test_a_murmur_takes_no_floor() -> None:
    moves = [{"say": "price_question_en"}, {"interrupt_after_ms": 900, "say": "backchannel_ok_en", "keeps_floor": True}]
    telling = greeted(moves=moves).caller(4000, 5000, "price_question_en").agent(6000, 9000, "A first visit costs 600.")
    telling.caller(7000, 7400, "backchannel_ok_en", over_agent=True)
    assert not failing(telling, Aspect.INTERRUPTIONS)
    telling.note(7300, "clear")
    assert failing(telling, Aspect.INTERRUPTIONS)


def test_a_clear_that_nobody_caused_is_told() -> None:
    assert failing(greeted().note(2000, "clear"), Aspect.INTERRUPTIONS)
    pressed = greeted().note(1900, "presses", digit="9").note(2000, "clear")
    assert not failing(pressed, Aspect.INTERRUPTIONS)


def test_an_agent_that_speaks_into_a_sentence_is_told() -> None:
    telling = greeted().caller(4000, 6000, "price_question_en").agent(5200, 7000, "Six hundred.")
    assert [line.line_id for line in false_ends(telling.played())] == ["price_question_en"]
    assert [verdict.seen for verdict in failing(telling, Aspect.INTERRUPTIONS)] == ["price_question_en"]


def test_a_hello_that_falls_together_with_the_greeting_is_not_cut_off() -> None:
    telling = Telling().caller(100, 900, "price_question_en").agent(400, 3000, "Hello, this is the machine.")
    assert not false_ends(telling.played())


# -- rules


def test_the_first_sentence_says_that_it_is_a_machine() -> None:
    rules = [{"rule": "says_automated_at_once"}]
    assert not failing(greeted(rules=rules), Aspect.RULES)
    hindi = Telling(rules=rules).agent(300, 3000, "नमस्ते! मैं आशा क्लिनिक की ऑटोमेटेड असिस्टेंट तारा बोल रही हूँ।", "hi")
    assert not failing(hindi, Aspect.RULES)
    late = Telling(rules=rules).agent(300, 3000, "Hello, this is Tara from the clinic. I am an automated assistant.")
    assert [verdict.turns for verdict in failing(late, Aspect.RULES)] == [(1,)]


def test_booked_is_not_said_before_it_is_booked() -> None:
    rules = [{"rule": "not_before_tool", "said": "says_booked", "tool": "book_appointment"}]
    telling = greeted(rules=rules).caller(4000, 5000, "yes_please_en").agent(6000, 7000, "Your appointment is booked.")
    assert [verdict.turns for verdict in failing(telling, Aspect.RULES)] == [(3,)]
    assert not failing(telling.tool(5500, "book_appointment"), Aspect.RULES)


def test_a_booking_that_failed_is_no_booking() -> None:
    rules = [{"rule": "not_before_tool", "said": "says_booked", "tool": "book_appointment"}]
    telling = greeted(rules=rules).caller(4000, 5000, "yes_please_en").tool(5500, "book_appointment", "error")
    assert failing(telling.agent(6000, 7000, "आपकी अपॉइंटमेंट पक्की हो गई है।", "hi"), Aspect.RULES)


def test_a_price_that_is_not_in_the_facts_is_told() -> None:
    rules = [{"rule": "only_these_amounts", "amounts": [600, 400]}]
    assert not failing(greeted(rules=rules).agent(4000, 5000, "₹600, और video के चार सौ रुपये।"), Aspect.RULES)
    wrong = failing(greeted(rules=rules).agent(4000, 5000, "It is five hundred rupees."), Aspect.RULES)
    assert [(verdict.seen, verdict.turns) for verdict in wrong] == [("500", (2,))]


def opts_out(suppressed_ms: int, answer: str) -> Telling:
    telling = greeted(rules=[{"rule": "opt_out_at_once"}]).caller(4000, 5000, "stop_calling_en")
    return telling.event(suppressed_ms, "suppressed", written=True).agent(suppressed_ms + 500, 20_000, answer)


def test_an_opt_out_is_honoured_at_once_and_without_a_question() -> None:
    assert not failing(opts_out(6000, "I have removed your number. Goodbye."), Aspect.RULES)
    assert [verdict.seen for verdict in failing(opts_out(12_000, "Removed."), Aspect.RULES)] == ["after 7000 ms"]
    assert failing(opts_out(6000, "May I ask why?"), Aspect.RULES)
    never = greeted(rules=[{"rule": "opt_out_at_once"}]).caller(4000, 5000, "stop_calling_en")
    assert failing(never, Aspect.RULES)


def test_a_tool_does_its_work_once() -> None:
    rules = [{"rule": "tool_at_most_once", "tool": "book_appointment"}]
    once = greeted(rules=rules).tool(1, "book_appointment", "error").tool(2, "book_appointment")
    assert not failing(once, Aspect.RULES)
    assert failing(once.tool(3, "book_appointment"), Aspect.RULES)


def test_a_call_that_was_not_played_fails() -> None:
    assert [verdict.holds for verdict in judge(Telling().played())] == [False]
