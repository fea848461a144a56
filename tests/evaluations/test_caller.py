"""What a caller says next: asked, asked again, told to wait, left to themselves."""

from __future__ import annotations

import pytest

from local.evaluations.caller import Mind, next_move, opening, steps
from local.evaluations.scenario import Scenario, read_all
from tests.evaluations.builders import a_scenario

pytestmark = pytest.mark.portable

BOOKS = read_all()["reception_books_hinglish"]


def said(scenario: Scenario, *heard: str) -> list[str | None]:
    """What they say after each of these."""
    mind, lines = Mind(), []
    for words in heard:
        decision = next_move(scenario, mind, words)
        mind = decision.mind
        lines.append(None if decision.move is None else decision.move.say)
    return lines


def test_a_caller_answers_what_they_are_asked_however_it_is_worded() -> None:
    assert said(
        BOOKS,
        "Hello! This is Tara. How can I help you?",
        "Gladly! Could you tell me your name?",
        "धन्यवाद Meera जी। कौन सा दिन, और कितने बजे?",
        "So that is tomorrow at five. Is that right?",
        "Done. Is there anything else?",
    ) == ["price_question_mixed", "name_meera_hi", "tomorrow_five_hi", "yes_do_it_hi", "thanks_bye_mixed"]


def test_the_order_of_the_questions_is_the_agents() -> None:
    asked = said(BOOKS, "How can I help?", "Which day would suit you?", "And your name?")
    assert asked == ["price_question_mixed", "tomorrow_five_hi", "name_meera_hi"]


def test_nobody_confirms_what_they_have_not_said() -> None:
    assert said(BOOKS, "How can I help?", "क्या मैं appointment book कर दूँ?") == ["price_question_mixed", None]


def test_they_say_it_again_when_asked_to_but_not_for_ever() -> None:
    scenario = a_scenario(moves=[{"say": "price_question_en", "then": {"hang_up": True}}])
    again = "Sorry, I did not catch that."
    decision = next_move(scenario, next_move(scenario, Mind(), "Hello.").mind, again)
    assert decision.move is not None
    assert decision.move.say == "price_question_en"
    assert decision.move.then is None
    assert said(scenario, "Hello.", again, again, again) == ["price_question_en"] * 3 + [None]


def test_they_wait_when_told_to_wait() -> None:
    scenario = a_scenario(moves=[{"say": "price_question_en"}, {"say": "thanks_bye_en"}])
    assert said(scenario, "Hello.", "एक मिनट रुकिए।", "It is six hundred rupees.") == [
        "price_question_en",
        None,
        "thanks_bye_en",
    ]


def test_an_answer_is_given_again_only_as_often_as_the_scenario_says() -> None:
    scenario = a_scenario(moves=[{"when": "asks_name", "say": "name_john_en", "times": 2}])
    assert said(scenario, *["Your name?"] * 3) == ["name_john_en", "name_john_en", None]


def test_a_move_becomes_steps_of_the_telephone_network() -> None:
    scenario = a_scenario(
        moves=[{"say": "price_question_en", "pause_s": 0.5, "then": {"interrupt_after_ms": 900, "say": "just_book_en"}}]
    )
    waits, says, interrupts, listens = steps(scenario, scenario.moves[0])
    assert waits == {"wait": "agent_quiet", "after_s": scenario.patience_s}
    assert says == {"say": "price_question_en", "voice": "am_michael", "pause_s": 0.5}
    assert interrupts["interrupt"]["after_ms"] == 900
    assert listens["wait"] == "agent_done"


def test_who_speaks_first_does_not_wait_for_the_agent() -> None:
    scenario = a_scenario(moves=[{"before_agent": True, "wait_s": 0.3, "say": "hello_en"}])
    first = opening(scenario)
    assert first.move is not None
    assert steps(scenario, first.move)[0] == {"wait": 0.3}
    assert opening(a_scenario()).move is None


def test_hanging_up_is_the_last_thing_they_do() -> None:
    scenario = a_scenario(moves=[{"hang_up": True}])
    assert steps(scenario, scenario.moves[0])[-1] == {"hang_up": True}
