"""The gate in front of the model: what begins a turn of the caller's, what cuts the agent off, and what does not."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from functions.voice.frame import FRAME_MS
from functions.voice.voice_gate import (
    ANSWER_WITHIN_MS,
    LONGEST_MS,
    NEXT_GATE,
    Gate,
    GateDecision,
    GateEvent,
    GateRules,
    HeldBack,
    Over,
    TurnBegan,
    TurnEnded,
    VoiceGate,
)

RULES = GateRules(threshold=0.5, start_ms=100, backchannel_ms=600, hello_ms=1200, silence_ms=600)


class Caller:
    """Speaks and is silent in front of a gate."""

    def __init__(self, rules: GateRules = RULES) -> None:
        self.gate = VoiceGate(rules)
        self.now_ms = 0.0
        self.over = Over.NOTHING
        self.said: list[tuple[float, GateDecision]] = []

    def passes(self, ms: int, probability: float) -> list[GateDecision]:
        before = len(self.said)
        for _ in range(ms // FRAME_MS):
            self.now_ms += FRAME_MS
            decision = self.gate.frame(probability, self.over, self.now_ms)
            if decision is not None:
                self.said.append((self.now_ms, decision))
        return [decision for _, decision in self.said[before:]]

    def speaks(self, ms: int) -> list[GateDecision]:
        return self.passes(ms, 0.9)

    def pauses(self, ms: int) -> list[GateDecision]:
        return self.passes(ms, 0.02)


def test_speech_begins_a_turn_at_once_and_silence_ends_it() -> None:
    caller = Caller()
    assert caller.speaks(1000) == [TurnBegan(100)]
    assert caller.pauses(1000) == [TurnEnded(600)]
    assert caller.now_ms - 400 == caller.said[-1][0]


def test_a_click_is_no_turn() -> None:
    caller = Caller()
    assert caller.speaks(60) + caller.pauses(2000) == []
    assert caller.gate.state is Gate.QUIET


def test_a_backchannel_leaves_the_agent_speaking() -> None:
    caller = Caller()
    caller.over = Over.ANSWER
    assert caller.speaks(400) == []
    assert caller.pauses(2000) == [HeldBack(400)]


def test_speech_that_lasts_cuts_the_agent_off_and_is_told_from_its_beginning() -> None:
    caller = Caller()
    caller.over = Over.ANSWER
    assert caller.speaks(1000) == [TurnBegan(600)]


def test_a_hello_into_the_greeting_does_not_cut_it_off_but_a_question_does() -> None:
    caller = Caller()
    caller.over = Over.GREETING
    assert caller.speaks(700) + caller.pauses(1500) == [HeldBack(700)]
    assert caller.speaks(1500) == [TurnBegan(1200)]


def test_a_word_at_the_end_of_a_question_is_its_answer() -> None:
    caller = Caller()
    caller.over = Over.ANSWER
    assert caller.speaks(300) + caller.pauses(600) == []
    caller.over = Over.NOTHING
    # Its end follows at once: the silence after it has lasted.
    assert caller.pauses(40) == [TurnBegan(300 + 600 + 20), TurnEnded(600 + 40)]


def test_a_word_that_is_going_on_when_the_agent_finishes_is_a_turn() -> None:
    caller = Caller()
    caller.over = Over.ANSWER
    assert caller.speaks(300) == []
    caller.over = Over.NOTHING
    assert caller.speaks(20) == [TurnBegan(320)]


def test_two_backchannels_are_two_and_no_interruption() -> None:
    caller = Caller()
    caller.over = Over.ANSWER
    said = caller.speaks(400) + caller.pauses(500) + caller.speaks(400) + caller.pauses(1500)
    assert said == [HeldBack(400), HeldBack(400)]


def test_a_television_does_not_keep_the_model_waiting_for_ever() -> None:
    caller = Caller()
    caller.speaks(LONGEST_MS + 1000)
    kinds = [type(decision) for _, decision in caller.said]
    assert kinds == [TurnBegan, TurnEnded, TurnBegan]


def test_the_gate_moves_as_its_table_says_and_everything_in_the_table_can_happen() -> None:
    reached = {(Gate.QUIET)}
    for _ in Gate:
        reached |= {after for (before, _), after in NEXT_GATE.items() if before in reached}
    assert reached == set(Gate)
    assert {event for _, event in NEXT_GATE} == set(GateEvent)


@given(
    stretches=st.lists(
        st.tuples(st.integers(1, 80), st.floats(0, 1), st.sampled_from(list(Over))), min_size=1, max_size=30
    )
)
def test_turns_begin_and_end_in_turn_and_none_is_forgotten_open(
    stretches: list[tuple[int, float, Over]],
) -> None:
    caller = Caller()
    for frames, probability, over in stretches:
        caller.over = over
        caller.passes(frames * FRAME_MS, probability)
    caller.over = Over.NOTHING
    caller.pauses(ANSWER_WITHIN_MS + 1000)
    turns = [type(decision) for _, decision in caller.said if not isinstance(decision, HeldBack)]
    assert turns == list(itertools.islice(itertools.cycle((TurnBegan, TurnEnded)), len(turns)))
    assert len(turns) % 2 == 0
    assert caller.gate.state is Gate.QUIET


@given(voice_ms=st.integers(1, 200).map(lambda n: n * FRAME_MS), over=st.sampled_from(list(Over)))
def test_whoever_speaks_long_enough_is_heard_and_after_exactly_that_long(voice_ms: int, over: Over) -> None:
    caller = Caller()
    caller.over = over
    caller.speaks(voice_ms)
    began = [at_ms for at_ms, decision in caller.said if isinstance(decision, TurnBegan)]
    enough_ms = RULES.enough_ms(over)
    assert began[:1] == ([enough_ms] if voice_ms >= enough_ms else [])
