"""The telephone network's side: somebody who is led, hesitates, and telephones from a noisy place."""

from __future__ import annotations

from random import Random

import pytest

from local.telephone_network import RecordedVoices
from local.telephone_network.people.person import Person
from local.telephone_network.people.script import background, parse_script, rehearse
from local.telephone_network.sound import tones
from local.telephone_network.sound.background import SPEECH_DB, Background, with_pause
from local.telephone_network.sound.mulaw import FRAME_BYTES, SILENCE, duration_ms, level_db

pytestmark = pytest.mark.portable

VOICE = tones.murmur(4_000)


def a_person(steps: list[dict[str, object]], **script: object) -> Person:
    parsed = parse_script({"steps": steps, "voice": "am_michael", **script})
    actions = rehearse(parsed, RecordedVoices(), Random(0))
    return Person(
        actions,
        lambda event, **details: None,
        stays_s=parsed.stays_s,
        led=parsed.led,
        background=background(parsed, RecordedVoices(), Random(0)),
    )


def hear(person: Person, ms: int, agent: bytes = SILENCE) -> bytes:
    """What they send while so much time goes by."""
    sent = (person.live(agent) for _ in range(ms // 20))
    return b"".join(moment.audio or b"" for moment in sent if not moment.hangs_up)


def test_somebody_who_is_led_waits_and_does_what_comes() -> None:
    person = a_person([], led=True, stays_s=10)
    assert level_db(hear(person, 2000)) < -60
    person.tell(
        rehearse(
            parse_script({"steps": [{"say": "yes_please_en"}], "voice": "am_michael"}), RecordedVoices(), Random(0)
        )
    )
    assert level_db(hear(person, 1500)) > -30
    assert person.live(SILENCE).hangs_up is False


def test_somebody_who_follows_a_script_is_not_led() -> None:
    with pytest.raises(ValueError, match="led: true"):
        a_person([]).tell(())


def test_nobody_stays_for_ever_without_being_told_anything() -> None:
    person = a_person([], led=True, stays_s=1)
    hear(person, 1000)
    assert person.live(SILENCE).hangs_up


def test_a_hesitation_stands_in_the_middle_and_takes_nothing_away() -> None:
    pause = tones.silence(500)
    whole = with_pause(VOICE, pause)
    assert duration_ms(whole) == duration_ms(VOICE) + 500
    at = whole.index(pause)
    assert whole[:at] + whole[at + len(pause) :] == VOICE
    assert len(VOICE) / 4 < at < len(VOICE) * 3 / 4


@pytest.mark.parametrize("kind", ["white", "street", "babble"])
@pytest.mark.parametrize("snr_db", [5, 20])
def test_noise_lies_so_far_below_the_voice(kind: str, snr_db: int) -> None:
    person = a_person([{"wait": 30.0}], noise={"kind": kind, "snr_db": snr_db})
    assert level_db(hear(person, 8000)) == pytest.approx(SPEECH_DB - snr_db, abs=1.5)


def test_the_voice_is_still_there_in_the_noise() -> None:
    noisy = Background("white", 20, Random(1))
    frames = [VOICE[at : at + FRAME_BYTES] for at in range(0, len(VOICE), FRAME_BYTES)]
    mixed = b"".join(noisy.mix(frame) for frame in frames)
    assert len(mixed) == len(VOICE)
    assert level_db(mixed) == pytest.approx(level_db(VOICE), abs=1.0)
