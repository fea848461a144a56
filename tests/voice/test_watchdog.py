"""The watchdog's clock and ladder, a connection's time, and what is no voice: all without a loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from functions.voice.agent_sound import AgentSound, Flaw
from functions.voice.audio import Downsampler, decode_ulaw
from functions.voice.tenure import AGE_MS, BEFORE_THE_END_MS, OLDEST_MS, Tenure
from functions.voice.watchdog import (
    BEYOND_MS,
    EMPTY_GRACE_MS,
    LEAST_USUAL_MS,
    NEXT_STEP,
    PATIENCE_MS,
    USUAL_MS,
    Awaiting,
    Step,
    Watchdog,
)
from tests.voice.scripted_model import VOICE

USUAL = USUAL_MS[None]
CLIPS = sorted((Path(__file__).parents[2] / "local" / "voices" / "clips").glob("*.ulaw"))


def steps(
    dog: Watchdog, until_ms: int, from_ms: int = 0, *, caller: Callable[[int], bool] | None = None
) -> list[tuple[int, Step]]:
    """What the watchdog wants when, looked at every 20 ms."""
    found = []
    for now_ms in range(from_ms, until_ms, 20):
        step = dog.look(now_ms, sounding=False, caller_speaking=bool(caller and caller(now_ms)))
        if step is not None:
            dog.tried()
            found.append((now_ms, step))
            if step is Step.GIVE_UP:
                break
    return found


def test_each_step_is_tried_in_its_turn_and_the_apology_comes_within_eleven_seconds() -> None:
    dog = Watchdog()
    dog.expect(Awaiting.CALLER_TURN, 0)
    found = steps(dog, 60_000)
    assert [step for _, step in found] == [Step.NUDGE, Step.RESUME, Step.REPLACE, Step.GIVE_UP]
    due = USUAL + BEYOND_MS
    assert found[0][0] == due
    assert found[-1][0] == due + sum(PATIENCE_MS.values()) <= 11_500


def test_every_step_leads_to_the_end() -> None:
    step: Step | None = None
    for _ in range(len(Step)):
        step = NEXT_STEP[step]
        if step is Step.GIVE_UP:
            return
    pytest.fail("the ladder goes round")


@pytest.mark.parametrize("awaiting", [one for one in Awaiting if one is not Awaiting.NOTHING])
def test_everything_that_can_be_owed_has_a_deadline(awaiting: Awaiting) -> None:
    dog = Watchdog()
    dog.expect(awaiting, 1_000)
    assert steps(dog, 20_000)[0][0] <= 1_000 + USUAL + BEYOND_MS


def test_nothing_owed_nothing_done() -> None:
    dog = Watchdog()
    assert steps(dog, 60_000) == []
    dog.expect(Awaiting.TOOL_RESULT, 0)
    dog.calm()
    assert steps(dog, 60_000) == []


def test_a_whole_answer_sets_the_ladder_back() -> None:
    dog = Watchdog()
    dog.expect(Awaiting.CALLER_TURN, 0)
    steps(dog, 7_000)
    assert dog.step is Step.RESUME
    dog.answer_begins(7_000)
    dog.calm()
    dog.expect(Awaiting.CALLER_TURN, 10_000)
    assert steps(dog, 20_000, 10_000)[0][1] is Step.NUDGE


def test_a_model_that_begins_and_stops_again_and_again_is_not_nudged_for_ever() -> None:
    dog = Watchdog()
    dog.expect(Awaiting.CALLER_TURN, 0)
    seen: list[Step] = []
    for now_ms in range(0, 60_000, 20):
        if (step := dog.look(now_ms, sounding=False, caller_speaking=False)) is not None:
            seen.append(step)
            dog.tried()
            if step is Step.GIVE_UP:
                break
            dog.answer_begins(now_ms)
    assert seen == [Step.NUDGE, Step.RESUME, Step.REPLACE, Step.GIVE_UP]


def test_nobody_is_interrupted_by_a_step_while_they_speak() -> None:
    dog = Watchdog()
    dog.expect(Awaiting.CALLER_TURN, 0)
    found = steps(dog, 9_000, caller=lambda ms: ms < 6_000)
    assert found[0][0] == 6_000


def test_a_caller_who_goes_on_gets_the_full_time_again_unless_a_step_is_under_way() -> None:
    dog = Watchdog()
    dog.expect(Awaiting.CALLER_TURN, 0)
    dog.caller_speaks()
    assert steps(dog, 10_000) == []
    dog.expect(Awaiting.CALLER_TURN, 10_000)
    assert steps(dog, 14_100, 10_000) == [(10_000 + USUAL + BEYOND_MS, Step.NUDGE)]
    dog.caller_speaks()
    dog.expect(Awaiting.CALLER_TURN, 15_500)
    assert steps(dog, 16_100, 14_100) == [(16_000, Step.RESUME)]


def test_the_silence_of_an_answer_begins_when_its_sound_has_been_played() -> None:
    dog = Watchdog()
    dog.answer_begins(0)
    for now_ms in range(0, 8_000, 20):
        assert dog.look(now_ms, sounding=True, caller_speaking=False) is None
    assert steps(dog, 20_000, 8_000)[0][0] == 7_980 + BEYOND_MS


def test_an_empty_turn_need_not_be_waited_out() -> None:
    dog = Watchdog()
    dog.expect(Awaiting.CALLER_TURN, 0)
    dog.empty_turn(900)
    assert steps(dog, 9_000)[0] == (900 + EMPTY_GRACE_MS, Step.NUDGE)


def test_a_spoilt_answer_is_acted_on_at_once_even_while_it_sounds() -> None:
    dog = Watchdog()
    dog.answer_begins(0)
    dog.flawed("tone", 1_000)
    assert dog.look(1_000, sounding=True, caller_speaking=False) is Step.NUDGE


def test_what_is_usual_is_learned_from_the_call() -> None:
    dog = Watchdog()
    for answer in range(6):
        dog.expect(Awaiting.CALLER_TURN, answer * 10_000)
        dog.answer_begins(answer * 10_000 + 900)
        dog.calm()
    assert dog.usual_ms == 900
    for answer in range(20):
        dog.expect(Awaiting.CALLER_TURN, answer * 10_000)
        dog.answer_begins(answer * 10_000 + 100)
        dog.calm()
    assert dog.usual_ms == LEAST_USUAL_MS


def test_a_model_that_thinks_hard_is_given_time() -> None:
    dog = Watchdog("high")
    dog.expect(Awaiting.CALLER_TURN, 0)
    assert steps(dog, 20_000)[0][0] == USUAL_MS["high"] + BEYOND_MS


def test_a_connection_is_left_at_a_quiet_moment_before_its_time_is_up() -> None:
    tenure = Tenure()
    assert not tenure.may_end(10_000_000)
    tenure.opened(0)
    assert [tenure.may_end(ms) for ms in (AGE_MS - 1, AGE_MS)] == [False, True]
    assert [tenure.must_end(ms) for ms in (OLDEST_MS - 1, OLDEST_MS)] == [False, True]
    tenure.ends()
    assert not tenure.must_end(OLDEST_MS)


@pytest.mark.parametrize("left_ms", [0, 500, 50_000])
def test_a_warning_shortens_the_time_and_never_lengthens_it(left_ms: int) -> None:
    tenure = Tenure()
    tenure.opened(0)
    tenure.go_away(left_ms, 100_000)
    assert tenure.may_end(100_000)
    by_ms = 100_000 + max(0, left_ms - BEFORE_THE_END_MS)
    assert tenure.must_end(by_ms)
    assert not tenure.must_end(by_ms - 1)
    tenure.go_away(500_000, 100_000)
    assert tenure.must_end(by_ms)


def tone(hz: float, ms: int, amplitude: int = 6_000) -> bytes:
    samples = np.arange(8 * ms)
    return bytes((amplitude * np.sin(2 * np.pi * hz * samples / 8_000)).astype("<i2").tobytes())


def heard(pcm: bytes, piece_ms: int = 40) -> Flaw | None:
    sound = AgentSound()
    for start in range(0, len(pcm), piece_ms * 16):
        if (flaw := sound.push(pcm[start : start + piece_ms * 16])) is not None:
            return flaw
    return sound.end()


@pytest.mark.parametrize("piece_ms", [20, 40, 100, 320])
@pytest.mark.parametrize("hz", [100, 440, 1_000, 3_100])
def test_a_tone_is_noticed(hz: float, piece_ms: int) -> None:
    assert heard(tone(hz, 3_000), piece_ms) is Flaw.TONE


def test_a_buzz_and_two_tones_are_noticed_too() -> None:
    assert heard(bytes(np.sign(np.frombuffer(tone(110, 3_000), "<i2")).astype("<i2") * 3_000)) is Flaw.TONE
    two = np.frombuffer(tone(440, 3_000), "<i2") + np.frombuffer(tone(620, 3_000), "<i2")
    assert heard(two.astype("<i2").tobytes()) is Flaw.TONE


def test_near_silence_is_noticed_as_it_goes_on_and_at_the_end_of_a_short_answer() -> None:
    assert heard(tone(300, 4_000, amplitude=20)) is Flaw.SILENT
    assert heard(tone(300, 600, amplitude=20)) is Flaw.SILENT
    assert heard(b"\x00" * 1_600) is Flaw.SILENT
    assert heard(b"") is None


def test_a_pause_in_an_answer_is_no_flaw() -> None:
    spoken = Downsampler().push(VOICE)
    assert heard(spoken + bytes(16 * 1_200) + spoken) is None


@pytest.mark.parametrize("piece_ms", [20, 40, 100, 320])
def test_no_recorded_voice_is_taken_for_a_tone_or_for_silence(piece_ms: int) -> None:
    assert len(CLIPS) > 50
    flawed = [clip.name for clip in CLIPS if heard(decode_ulaw(clip.read_bytes()), piece_ms) is not None]
    assert flawed == []


@pytest.mark.parametrize("piece_ms", [40, 320])
def test_a_crowd_of_voices_is_not_a_tone_either(piece_ms: int) -> None:
    noise = np.random.default_rng(3).normal(0, 2_000, 8 * 10_000).astype("<i2").tobytes()
    assert heard(noise, piece_ms) is None
