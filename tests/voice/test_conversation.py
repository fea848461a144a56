"""Conversations, as they go: who says what when, and what Twilio and the model are told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from functions.voice.actions import Action, ClearPlayout, HangUp, Note, Play, RunTool, SaveTurn, SendMark, TellModel
from functions.voice.call_record import seqs
from functions.voice.conversation import Conversation
from functions.voice.patience import Pace
from functions.voice.prompts import ASK_IF_THERE, SAY_GOODBYE_TO_SILENCE, WRAP_UP
from functions.voice.speech.model import (
    AgentText,
    CallerText,
    GenerationComplete,
    Interrupted,
    ToolCall,
    TurnComplete,
)
from functions.voice.turns import Floor
from shared.domain.call import Ending, Speaker, Turn

LOUD, QUIET = 3_000, 20
FRAME_MS = 20


class Line:
    """Twilio and the caller around a conversation: time passes in frames, marks come back when they are due."""

    def __init__(self, silence_s: int = 10, call_s: int = 600, *, give_marks_back: bool = True) -> None:
        self.conversation = Conversation(Pace(silence_s * 1000, call_s * 1000), seqs(1))
        self.now_ms = 0.0
        self.actions: list[Action] = []
        self.playing: list[tuple[int, str | None]] = []
        self.left_ms = 0.0
        self.give_marks_back = give_marks_back
        self.hung_up_ms: float | None = None

    def take(self, actions: list[Action]) -> list[Action]:
        self.actions += actions
        for action in actions:
            match action:
                case HangUp() if self.hung_up_ms is None:
                    self.hung_up_ms = self.now_ms
                case Play(ulaw, mark):
                    self.playing.append((len(ulaw) // 8, mark))
                case SendMark(name):
                    self.playing.append((0, name))
                case ClearPlayout():
                    cleared, self.playing = self.playing, []
                    for _, mark in cleared:
                        self.mark(mark)
        return actions

    def mark(self, name: str | None) -> None:
        if name is not None and self.give_marks_back:
            self.take(self.conversation.mark_played(name, self.now_ms))

    def passes(self, ms: int, rms: int = QUIET) -> None:
        for _ in range(ms // FRAME_MS):
            self.now_ms += FRAME_MS
            self._play(FRAME_MS)
            self.take(self.conversation.caller_frame(rms, self.now_ms))

    def _play(self, ms: int) -> None:
        while self.playing and ms >= 0:
            size_ms, mark = self.playing[0]
            if size_ms > ms:
                self.playing[0] = (size_ms - ms, mark)
                return
            ms -= size_ms
            self.playing.pop(0)
            self.mark(mark)

    def caller_says(self, text: str, ms: int = 1000) -> None:
        self.passes(ms, LOUD)
        self.passes(600)
        self.take(self.conversation.speech_event(CallerText(text), self.now_ms))

    def agent_says(self, text: str, ms: int, *, complete: bool = True) -> None:
        self.take(self.conversation.speech_event(AgentText(text), self.now_ms))
        for _ in range(ms // 40):
            self.take(self.conversation.agent_audio(b"\x00" * 320, self.now_ms))
        if complete:
            self.take(self.conversation.speech_event(GenerationComplete(), self.now_ms))

    def model(self, event: Interrupted | TurnComplete | ToolCall) -> list[Action]:
        return self.take(self.conversation.speech_event(event, self.now_ms))

    @property
    def turns(self) -> list[Turn]:
        latest = {action.turn.seq: action.turn for action in self.actions if isinstance(action, SaveTurn)}
        return [latest[seq] for seq in sorted(latest)]

    def notes(self, kind: str) -> list[Note]:
        return [action for action in self.actions if isinstance(action, Note) and action.kind == kind]

    @property
    def told(self) -> list[str]:
        return [action.text for action in self.actions if isinstance(action, TellModel)]

    def hung_up(self) -> Ending | None:
        return next((action.ending for action in self.actions if isinstance(action, HangUp)), None)


def test_greeting_question_answer() -> None:
    line = Line()
    line.agent_says("Good morning, how can I help?", 2000)
    line.passes(2100)
    assert line.conversation.floor is Floor.NOBODY
    line.model(TurnComplete())
    line.caller_says("When are you open?")
    line.passes(300)
    line.agent_says("From nine to six.", 1200)
    line.passes(1300)
    assert [(turn.speaker, turn.text, turn.cut_off) for turn in line.turns] == [
        (Speaker.AGENT, "Good morning, how can I help?", False),
        (Speaker.CALLER, "When are you open?", False),
        (Speaker.AGENT, "From nine to six.", False),
    ]
    assert [turn.heard_ms for turn in line.turns] == [2000, 0, 1200]
    assert [note.fields["latency_ms"] for note in line.notes("answer")] == [900]


def test_caller_interrupts_a_long_answer_and_the_rest_is_never_heard() -> None:
    line = Line()
    line.caller_says("Tell me the prices")
    line.agent_says("one two three four five six seven eight nine ten", 4000)
    line.passes(1900)
    line.passes(100, LOUD)
    actions = line.model(Interrupted())
    assert isinstance(actions[0], ClearPlayout)
    assert line.conversation.floor is Floor.CALLER
    answer = line.turns[1]
    assert answer.cut_off
    assert answer.heard_ms == 2000
    assert answer.text == "one two three four five"
    assert answer.unheard == "six seven eight nine ten"
    barge_in = line.notes("barge_in")[0]
    assert barge_in.fields["discarded_ms"] == 2000
    assert barge_in.fields["reaction_ms"] <= 100


def test_audio_that_comes_late_from_the_cut_answer_is_dropped_until_the_turn_is_over() -> None:
    line = Line()
    line.caller_says("Tell me the prices")
    line.agent_says("A long list", 2000, complete=False)
    line.passes(500, LOUD)
    line.model(Interrupted())
    for _ in range(3):
        assert line.conversation.agent_audio(b"\x00" * 320, line.now_ms) == []
    line.model(TurnComplete())
    line.caller_says("No, just the first")
    line.agent_says("Eight hundred.", 800)
    assert line.playing


def test_a_model_that_never_ends_the_interrupted_turn_is_heard_again_after_a_pause() -> None:
    line = Line()
    line.agent_says("A long greeting", 2000, complete=False)
    line.passes(500, LOUD)
    line.model(Interrupted())
    line.passes(800)
    line.agent_says("Yes?", 400)
    assert line.playing


def test_marks_that_come_back_because_of_the_clear_do_not_make_the_answer_heard() -> None:
    line = Line()
    line.agent_says("A long greeting that goes on and on", 3000)
    line.passes(1000, LOUD)
    line.model(Interrupted())
    assert [turn.heard_ms for turn in line.turns] == [1000]


def test_caller_talks_over_an_answer_that_the_model_believes_finished() -> None:
    line = Line()
    line.agent_says("A long greeting that goes on and on", 3000)
    line.model(TurnComplete())
    line.passes(1000)
    line.passes(400, LOUD)
    assert any(isinstance(action, ClearPlayout) for action in line.actions)
    assert line.notes("barge_in")[0].fields["by"] == "local"
    assert line.turns[0].cut_off


def test_words_that_arrive_after_the_answer_began_belong_to_the_question() -> None:
    line = Line()
    line.passes(1000, LOUD)
    line.passes(600)
    line.agent_says("From nine to six.", 1200)
    line.take(line.conversation.speech_event(CallerText("When are "), line.now_ms))
    line.take(line.conversation.speech_event(CallerText("you open?"), line.now_ms))
    line.passes(1300)
    assert [(turn.speaker, turn.text) for turn in line.turns] == [
        (Speaker.CALLER, "When are you open?"),
        (Speaker.AGENT, "From nine to six."),
    ]


def test_agent_hangs_up_when_its_goodbye_has_been_heard_to_the_end() -> None:
    line = Line()
    line.caller_says("Thanks, that is all")
    line.agent_says("Goodbye, have a nice day.", 1500)
    actions = line.model(ToolCall("t1", "end_call", {}))
    assert any(isinstance(action, RunTool) for action in actions)
    line.conversation.close_after_goodbye(Ending.AGENT_ENDED, line.now_ms)
    line.conversation.tool_answered("t1", line.now_ms)
    line.model(TurnComplete())
    line.passes(1400)
    assert line.hung_up() is None
    line.passes(600)
    assert line.hung_up() is Ending.AGENT_ENDED
    assert line.turns[-1].text == "Goodbye, have a nice day."
    assert not line.turns[-1].cut_off


def test_goodbye_said_after_the_tool_is_heard_too() -> None:
    line = Line()
    line.caller_says("Bye")
    line.model(ToolCall("t1", "end_call", {}))
    line.conversation.close_after_goodbye(Ending.AGENT_ENDED, line.now_ms)
    line.passes(800)
    line.agent_says("Goodbye!", 900)
    line.passes(800)
    assert line.hung_up() is None
    line.passes(2500)
    assert line.hung_up() is Ending.AGENT_ENDED


def test_the_line_drops_even_if_the_model_says_nothing_at_all() -> None:
    line = Line()
    line.conversation.close_after_goodbye(Ending.AGENT_ENDED, line.now_ms)
    line.passes(3000)
    assert line.hung_up() is Ending.AGENT_ENDED


def test_a_goodbye_said_before_the_tool_is_followed_by_the_end_within_two_seconds_whatever_the_model_does() -> None:
    line = Line()
    line.caller_says("Bye")
    line.agent_says("Goodbye, have a nice day.", 1500, complete=False)
    line.conversation.close_after_goodbye(Ending.AGENT_ENDED, line.now_ms)
    line.take(line.conversation.speech_event(GenerationComplete(), line.now_ms))
    line.passes(1500)
    heard_ms = line.now_ms
    dropped_early = line.hung_up_ms
    assert dropped_early is None
    line.passes(2000)
    assert line.hung_up_ms is not None
    assert 300 <= line.hung_up_ms - heard_ms <= 2000


def test_a_goodbye_that_comes_in_pieces_is_heard_whole() -> None:
    line = Line()
    line.caller_says("Bye")
    line.model(ToolCall("t1", "end_call", {}))
    line.conversation.close_after_goodbye(Ending.AGENT_ENDED, line.now_ms)
    for _ in range(4):
        line.agent_says(" and goodbye", 400, complete=False)
        line.passes(1600)
    assert line.hung_up() is None
    line.passes(1000)
    assert line.hung_up() is Ending.AGENT_ENDED


@given(
    goodbye_ms=st.integers(0, 100).map(lambda frames: frames * 40),
    before_ms=st.integers(0, 100).map(lambda frames: frames * 20),
    completes=st.sampled_from(["before", "after", "never"]),
    marks=st.booleans(),
)
def test_the_line_always_drops_and_never_in_the_middle_of_a_goodbye(
    goodbye_ms: int, before_ms: int, completes: str, marks: bool
) -> None:
    """A model may freeze in its goodbye, and say neither that it is whole nor that its turn is over."""
    line = Line(give_marks_back=marks)
    line.caller_says("Bye")
    if goodbye_ms:
        line.agent_says("Goodbye.", goodbye_ms, complete=completes == "before")
    line.passes(before_ms)
    line.conversation.close_after_goodbye(Ending.AGENT_ENDED, line.now_ms)
    if completes == "after" and goodbye_ms:
        line.take(line.conversation.speech_event(GenerationComplete(), line.now_ms))
    told_ms = line.now_ms
    heard_by_ms = max(told_ms, told_ms - before_ms + goodbye_ms)
    line.passes(9_000)
    assert line.hung_up_ms is not None
    assert line.hung_up_ms >= heard_by_ms
    # A mark that never comes is waited for, and a goodbye that has not been said is.
    grace_ms = 1_000 if not marks else 0
    assert line.hung_up_ms - heard_by_ms <= (2_000 if goodbye_ms else 2_600) + grace_ms


def test_caller_who_interrupts_the_goodbye_is_not_hung_up_on() -> None:
    line = Line()
    line.caller_says("Thanks")
    line.agent_says("Goodbye, have a very nice day.", 2000)
    line.model(ToolCall("t1", "end_call", {}))
    line.conversation.close_after_goodbye(Ending.AGENT_ENDED, line.now_ms)
    line.conversation.tool_answered("t1", line.now_ms)
    line.passes(500, LOUD)
    line.model(Interrupted())
    line.passes(3000)
    assert line.hung_up() is None
    assert line.notes("closing_cancelled")


def test_silent_caller_is_asked_twice_and_then_let_go() -> None:
    line = Line(silence_s=5)
    line.agent_says("Hello?", 400)
    line.passes(5600)
    assert line.told == [ASK_IF_THERE]
    line.passes(10_200)
    assert line.told == [ASK_IF_THERE, ASK_IF_THERE, SAY_GOODBYE_TO_SILENCE]
    line.agent_says("Goodbye.", 600)
    line.passes(4000)
    assert line.hung_up() is Ending.SILENCE


def given_up() -> Line:
    """A caller who has been silent through two questions, and is being said goodbye to."""
    line = Line(silence_s=5)
    line.agent_says("Hello?", 400)
    line.passes(15_600)
    assert line.told[-1] == SAY_GOODBYE_TO_SILENCE
    return line


def test_silent_caller_who_talks_over_the_goodbye_is_answered() -> None:
    line = given_up()
    line.agent_says("You seem to be away. Goodbye.", 2000, complete=False)
    line.passes(600)
    line.passes(400, LOUD)
    line.model(Interrupted())
    line.caller_says("No wait, I am here", 400)
    line.agent_says("Good. How can I help?", 1000)
    line.passes(4000)
    assert line.hung_up() is None
    assert line.notes("closing_cancelled")
    line.passes(3000)
    assert line.told[-1] == ASK_IF_THERE, "they are asked anew before they are let go"


def test_silent_caller_who_speaks_before_or_after_the_goodbye_is_answered() -> None:
    for goodbye_ms in (0, 400):
        line = given_up()
        if goodbye_ms:
            line.agent_says("Goodbye.", goodbye_ms)
        line.passes(goodbye_ms + 200)
        line.caller_says("Hello, I am here")
        line.passes(3000)
        assert line.hung_up() is None
        assert line.notes("closing_cancelled")


def test_silent_caller_who_presses_a_key_is_still_there() -> None:
    line = given_up()
    line.take(line.conversation.dtmf("1", line.now_ms))
    line.passes(4000)
    assert line.hung_up() is None


def test_noise_after_the_goodbye_does_not_hold_the_line() -> None:
    line = given_up()
    line.agent_says("Goodbye.", 400)
    line.passes(600)
    line.passes(200, LOUD)
    line.passes(7500)
    assert line.notes("closing_cancelled")
    assert line.told[-1] == SAY_GOODBYE_TO_SILENCE
    assert line.told.count(ASK_IF_THERE) == 2
    line.passes(4000)
    assert line.hung_up() is Ending.SILENCE


def test_a_silent_caller_who_begins_before_the_last_word_and_stops_nobody_is_not_hung_up_on() -> None:
    line = given_up()
    line.agent_says("I will end the call now. Goodbye.", 2000)
    line.model(TurnComplete())
    line.passes(1900)
    line.passes(800, LOUD)
    line.passes(3000)
    assert line.hung_up() is None


def test_caller_who_speaks_again_starts_the_silence_anew() -> None:
    line = Line(silence_s=5)
    line.passes(5100)
    line.caller_says("Sorry, I was looking for my card")
    line.agent_says("No problem.", 400)
    line.passes(500)
    line.passes(5100)
    assert line.told == [ASK_IF_THERE, ASK_IF_THERE]
    assert line.conversation.closing is None


def test_long_call_is_wrapped_up_and_ends_at_its_limit() -> None:
    line = Line(silence_s=120, call_s=60)
    line.passes(31_000)
    assert line.told == [WRAP_UP]
    line.passes(30_000)
    assert line.hung_up() is Ending.TIME_LIMIT


def test_pressed_key_reaches_the_model() -> None:
    line = Line()
    line.take(line.conversation.dtmf("9", 100))
    assert "9" in line.told[0]


def test_lost_marks_do_not_keep_the_call_from_ending() -> None:
    line = Line(give_marks_back=False)
    line.agent_says("Goodbye.", 1000)
    line.conversation.close_after_goodbye(Ending.AGENT_ENDED, line.now_ms)
    line.passes(4000)
    assert line.hung_up() is Ending.AGENT_ENDED


def test_answer_without_a_sound_is_noted() -> None:
    line = Line()
    line.caller_says("Hello?")
    line.model(TurnComplete())
    assert line.notes("empty_turn")


def test_caller_who_hangs_up_mid_answer_leaves_what_was_heard() -> None:
    line = Line()
    line.agent_says("one two three four five six seven eight nine ten", 4000)
    line.passes(2000)
    turns = line.conversation.end(line.now_ms)
    assert [(turn.text, turn.cut_off) for turn in turns] == [("one two three four five", True)]


def test_a_backchannel_that_the_model_wrote_down_and_did_not_stop_for_is_nobodys_turn() -> None:
    line = Line()
    line.caller_says("Tell me the prices")
    line.agent_says("one two three four five six seven eight nine ten", 4000)
    line.passes(800)
    line.passes(400, LOUD)
    line.passes(300)
    line.take(line.conversation.speech_event(CallerText(" हाँ"), line.now_ms))
    line.take(line.conversation.speech_event(CallerText(" जी"), line.now_ms))
    line.passes(3000)
    assert [(turn.speaker, turn.aside, turn.cut_off) for turn in line.turns] == [
        (Speaker.CALLER, False, False),
        (Speaker.AGENT, False, False),
        (Speaker.CALLER, True, False),
    ]
    line.caller_says("And for children?")
    line.agent_says("Four hundred.", 800)
    line.passes(900)
    assert [turn.aside for turn in line.turns] == [False, False, True, False, False]
    assert len(line.notes("answer")) == 2, "one for each question"


def test_yes_at_the_end_of_a_question_is_a_turn() -> None:
    line = Line()
    line.agent_says("Shall I book it?", 1200)
    line.passes(700)
    line.passes(400, LOUD)
    line.take(line.conversation.speech_event(CallerText("yes"), line.now_ms))
    line.passes(800)
    line.agent_says("Booked.", 600)
    line.passes(700)
    assert [(turn.text, turn.aside) for turn in line.turns] == [
        ("Shall I book it?", False),
        ("yes", False),
        ("Booked.", False),
    ]


def test_a_backchannel_that_the_model_stopped_for_is_an_interruption_because_it_was_one() -> None:
    line = Line()
    line.agent_says("one two three four five six seven eight nine ten", 4000, complete=False)
    line.passes(1500)
    line.passes(200, LOUD)
    line.take(line.conversation.speech_event(Interrupted(), line.now_ms))
    line.take(line.conversation.speech_event(TurnComplete(), line.now_ms))
    line.take(line.conversation.speech_event(CallerText("ok"), line.now_ms))
    line.passes(500)
    line.agent_says("Shall I go on?", 800)
    line.passes(1000)
    assert [(turn.text, turn.aside) for turn in line.turns if turn.speaker is Speaker.CALLER] == [("ok", False)]
