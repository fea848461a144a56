"""People on the telephone: what they hear, and what they do about it."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from local.telephone_network import BadScript, ClipShelf, NoSuchClip, RecordedVoices
from local.telephone_network.people.ear import Ear
from local.telephone_network.people.person import Person
from local.telephone_network.people.script import Greeting, greeting, parse_script, rehearse, with_beep
from local.telephone_network.sound import tones
from local.telephone_network.sound.mulaw import SILENCE, decode

pytestmark = pytest.mark.portable

VOICE = tones.murmur(60_000)
YES, NO = tones.noise(400, -20.0, Random(1)), tones.noise(300, -20.0, Random(2))
CLIPS = ClipShelf.of({"yes_en_ann": YES, "no_hi_uma": NO, "no_hi_ann": YES}, {"yes_en": "Yes, please."})


class Talk:
    """Twenty milliseconds after the other, with an agent who speaks when the test says so."""

    def __init__(self, steps: Sequence[object], **script: object) -> None:
        self.notes: list[tuple[str, dict[str, Any]]] = []
        parsed = parse_script({"steps": steps, **script})
        actions = rehearse(parsed, CLIPS, Random(0))
        self.person = Person(
            actions,
            lambda event, **details: self.notes.append((event, details)),
            done_after_ms=parsed.done_after_ms,
            stays_s=parsed.stays_s,
        )
        self.said = bytearray()
        self.keys = ""
        self.held_ms = 0
        self.left = False
        self.ms = 0

    def agent(self, speaks: bool, ms: int) -> Talk:
        """The agent speaks, or is silent, for so long (or until the person hangs up)."""
        for n in range(ms // 20):
            moment = self.person.live(VOICE[n * 160 : n * 160 + 160] if speaks else SILENCE)
            if moment.hangs_up:
                self.left = True
                break
            self.ms += 20
            self.said += moment.audio or b""
            self.held_ms += 20 * (moment.audio is None)
            self.keys += moment.pressed
        return self

    def speaks(self, ms: int) -> Talk:
        return self.agent(True, ms)

    def is_silent(self, ms: int) -> Talk:
        return self.agent(False, ms)

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.notes]


def test_they_answer_when_the_agent_has_finished() -> None:
    talk = Talk([{"wait": "agent_done"}, {"say": "yes_en"}], voice="ann")
    talk.is_silent(1000).speaks(2000).is_silent(580)
    assert "says" not in talk.events
    talk.is_silent(500)
    assert YES in bytes(talk.said)
    assert ("agent done", {"heard_ms": 2000}) in talk.notes


def test_pauses_between_words_do_not_count_as_the_end() -> None:
    talk = Talk([{"wait": "agent_done"}, {"hang_up": True}])
    talk.speaks(500).is_silent(400).speaks(500).is_silent(560)
    assert not talk.left
    assert talk.is_silent(100).left
    assert ("agent done", {"heard_ms": 1400}) in talk.notes


def test_how_long_silence_must_be_can_be_chosen() -> None:
    assert Talk([{"wait": "agent_done"}, {"hang_up": True}], done_after_ms=200).speaks(500).is_silent(240).left


def test_a_click_is_not_speech() -> None:
    talk = Talk([{"wait": "agent_done"}, {"hang_up": True}])
    for _ in range(10):
        talk.speaks(40).is_silent(200)
    assert not talk.is_silent(2000).left


def test_what_the_agent_said_before_they_listened_counts_until_they_speak() -> None:
    talk = Talk([{"wait": 5}, {"wait": "agent_done"}, {"hang_up": True}])
    assert talk.speaks(2000).is_silent(3100).left


def test_the_rest_of_an_interrupted_sentence_is_no_answer() -> None:
    talk = Talk(
        [{"interrupt": {"after_ms": 900, "say": "yes_en", "voice": "ann"}}, {"wait": "agent_done"}, {"hang_up": True}]
    )
    talk.is_silent(200).speaks(900 + 400 + 300)  # 300 ms more after they have said it
    talk.is_silent(1500)
    assert not talk.left
    assert talk.speaks(1000).is_silent(620).left
    assert ("interrupts", {"heard_ms": 900}) in talk.notes


def test_speech_that_goes_on_after_a_murmur_is_the_answer() -> None:
    talk = Talk(
        [{"interrupt": {"after_ms": 500, "say": "yes_en", "voice": "ann"}}, {"wait": "agent_done"}, {"hang_up": True}]
    )
    assert talk.speaks(500 + 400 + 2000).is_silent(640).left


def test_a_sentence_that_stopped_soon_is_the_answer_if_nothing_else_comes() -> None:
    talk = Talk(
        [{"interrupt": {"after_ms": 500, "say": "yes_en", "voice": "ann"}}, {"wait": "agent_done"}, {"hang_up": True}]
    )
    talk.speaks(500 + 400 + 300).is_silent(3900)
    assert not talk.left
    assert talk.is_silent(200).left


def test_keys_are_heard_and_reported() -> None:
    talk = Talk([{"press": "1w#"}, {"hang_up": True}]).is_silent(3000)
    assert talk.keys == "1#"
    assert tones.key("1")[:800] in bytes(talk.said)
    assert talk.ms == 160 + 200 + 500 + 160 + 200


def test_on_hold_nothing_is_sent() -> None:
    assert Talk([{"hold": 2}, {"hang_up": True}]).is_silent(5000).held_ms == 2000


def test_who_waits_for_the_other_side_to_hang_up_hangs_up_at_last() -> None:
    talk = Talk([{"wait": "hang_up", "after_s": 3}, {"hang_up": True}]).is_silent(5000)
    assert talk.left
    assert talk.ms == 3000
    assert not talk.person.gave_up


def test_the_other_side_hangs_up() -> None:
    talk = Talk([{"say": "yes_en", "voice": "ann"}, {"wait": "hang_up"}]).is_silent(2000)
    talk.person.other_side_hung_up()
    assert talk.person.state == {"steps": 2, "done": 2, "gave_up": False}


def test_who_expected_an_answer_and_got_none_gives_up() -> None:
    talk = Talk([{"wait": {"for": "agent_done", "after_s": 2}}, {"say": "yes_en", "voice": "ann"}]).is_silent(5000)
    assert talk.left
    assert talk.ms == 2000
    assert talk.person.state == {"steps": 2, "done": 0, "gave_up": True}


def test_they_stay_a_while_after_their_last_step() -> None:
    assert Talk([{"wait": 1}], stays_s=2).is_silent(10_000).ms == 3000


def test_files_are_played(tmp_path: Path) -> None:
    (tmp_path / "a.ulaw").write_bytes(YES)
    with wave.open(str(tmp_path / "b.wav"), "wb") as wav:
        wav.setparams((2, 2, 8000, 0, "NONE", "not compressed"))
        stereo = decode(NO)
        wav.writeframes(b"".join(stereo[n : n + 2] + b"\x00\x00" for n in range(0, len(stereo), 2)))
    talk = Talk([{"play": str(tmp_path / "a.ulaw")}, {"play": str(tmp_path / "b.wav")}]).is_silent(2000)
    assert bytes(talk.said).startswith(YES + NO.replace(b"\x7f", b"\xff"))


def test_a_file_at_another_rate_is_resampled(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "c.wav"), "wb") as wav:
        wav.setparams((1, 2, 24_000, 0, "NONE", "not compressed"))
        wav.writeframes(b"\x00\x10" * 24_000)
    talk = Talk([{"play": str(tmp_path / "c.wav")}, {"hang_up": True}]).is_silent(5000)
    assert talk.ms == pytest.approx(1000, abs=20)


@pytest.mark.parametrize(
    "script",
    [
        {"steps": [{"say": "yes_en", "press": "1"}]},
        {"steps": [{}]},
        {"steps": [{"sing": "la"}]},
        {"steps": [{"press": "x"}]},
        {"steps": [{"wait": "christmas"}]},
        {"steps": [{"interrupt": {"after_ms": 5}}]},
        {"steps": [{"play": "/nowhere/file.wav"}]},
        {"steps": [{"say_text": "words that nobody recorded"}]},
        {"dialogue": "reception", "caller": "nobody"},
        {"dialogue": "nowhere", "caller": "meera"},
        {"steps": "say"},
    ],
)
def test_bad_scripts_are_refused_before_anybody_dials(script: dict[str, object]) -> None:
    with pytest.raises(BadScript):
        rehearse(parse_script(script), CLIPS, Random(0))


def test_voices_by_language() -> None:
    by_language = {"en": "ann", "hi": "uma"}
    assert CLIPS.line("no_hi", by_language).audio == NO
    assert CLIPS.line("yes_en", by_language).audio == YES
    assert CLIPS.line("no_hi", "ann").audio == YES
    with pytest.raises(NoSuchClip):
        CLIPS.line("yes_en", "uma")
    said = CLIPS.text("yes,  PLEASE.")
    assert said is not None
    assert said.audio == YES
    assert CLIPS.text("No.") is None


def test_the_voices_that_come_with_parley() -> None:
    voices = RecordedVoices()
    clip = voices.line("ask_name_en", None)
    assert clip.text is not None
    again = voices.text(clip.text)
    assert again is not None
    assert again.audio == clip.audio
    with pytest.raises(NoSuchClip):
        voices.line("ask_name_en", "nobody")
    with pytest.raises(NoSuchClip):
        voices.line("no_such_line", None)


def test_a_folder_of_clips(tmp_path: Path) -> None:
    (tmp_path / "yes_en_ann.ulaw").write_bytes(YES)
    assert ClipShelf.folder(tmp_path).line("yes_en", "ann").audio == YES
    with pytest.raises(NoSuchClip):
        ClipShelf.folder(tmp_path / "nowhere")


def test_a_machine_beeps_after_its_greeting() -> None:
    steps = [{"wait": 0.5}, {"say": "yes_en", "voice": "ann"}, {"wait": "hang_up"}, {"hang_up": True}]
    actions = rehearse(parse_script(steps), CLIPS, Random(0))
    assert greeting(actions) == Greeting(900, False)
    assert greeting(with_beep(actions)) == Greeting(1400, True)
    assert with_beep(with_beep(actions)) == with_beep(actions)


def test_an_ear_measures_speech_to_the_frame() -> None:
    ear = Ear()
    for n in range(50):
        ear.hear(VOICE[n * 160 : n * 160 + 160])
    assert ear.speaking
    assert ear.spoken_ms == 1000
