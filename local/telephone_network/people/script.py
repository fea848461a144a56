"""What a person does on the telephone, step by step, as people write it down."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from local.dialogues import dialogue_of
from local.telephone_network.people.clips import Clip, Clips, Voice
from local.telephone_network.sound import tones
from local.telephone_network.sound.background import Background, Kind, with_pause
from local.telephone_network.sound.files import BadSound, read_sound
from local.telephone_network.sound.mulaw import duration_ms

BEEP = "beep"


class BadScript(ValueError):
    """The script asks for something that cannot be done."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, coerce_numbers_to_str=True)


class WaitFor(_Strict):
    """Wait for something, but not for ever."""

    event: Literal["agent_done", "agent_speaks", "agent_quiet", "hang_up"] = Field(alias="for")
    after_s: float = Field(default=30.0, gt=0)
    """How long to wait at the most. Then: hang_up goes on to the next step, the others give up and hang up."""


class InterruptStep(_Strict):
    """Begin to speak when the agent has been heard for so long."""

    after_ms: int = Field(ge=0)
    say: str | None = None
    play: str | None = None
    voice: str | dict[str, str] | None = None


class NoiseStep(_Strict):
    """White noise, against full scale."""

    s: float = Field(gt=0)
    level_db: float = Field(default=-40.0, le=0)


class Noise(_Strict):
    """What is to be heard behind a person, all the time."""

    kind: Kind
    snr_db: float = Field(ge=-10, le=60)
    """How far it lies below a recorded voice."""


class Step(_Strict):
    """One thing to do; exactly one of these is set."""

    wait: WaitFor | float | None = None
    """For an event, or so many seconds (in silence)."""
    after_s: float | None = Field(default=None, gt=0)
    """Goes with an event that is waited for: how long at the most."""
    say: str | None = None
    """A line by its id."""
    pause_s: float | None = Field(default=None, gt=0, le=10)
    """Goes with a line: a hesitation in its middle."""
    say_text: str | None = None
    """Words of which there is a recording."""
    interrupt: InterruptStep | None = None
    press: str | None = Field(default=None, pattern=r"^[0-9*#A-Dw W]+$")
    play: str | None = None
    """The path of a WAV file, or of headerless mu-law that ends in .ulaw."""
    silence: float | None = None
    noise: NoiseStep | None = None
    beep: bool | None = None
    hold: float | None = None
    """Seconds in which nothing at all is sent, as when the caller's telephone puts the call on hold."""
    hang_up: bool | None = None
    voice: str | dict[str, str] | None = None
    """Another voice for this line."""

    @field_validator("wait", mode="before")
    @classmethod
    def _wait_in_a_word(cls, wait: object) -> object:
        return {"for": wait} if isinstance(wait, str) else wait

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        done = self.model_fields_set - {"voice", "after_s", "pause_s"}
        if len(done) != 1:
            raise ValueError(f"a step does one thing; this one does {len(done)}: {', '.join(sorted(done)) or 'none'}")
        return self


class Script(_Strict):
    """Everything a person does in one call; when the steps are done they stay until the other side hangs up."""

    voice: str | dict[str, str] | None = None
    steps: tuple[Step, ...] = ()
    done_after_ms: int = Field(default=600, ge=100, le=10_000)
    """Silence after which the agent is taken to have finished."""
    rings_s: float = Field(default=60.0, gt=0)
    """How long a caller lets it ring before they give up."""
    stays_s: float = Field(default=60.0, ge=0)
    """How long they stay on the line after the last step."""
    led: bool = False
    """Whether more steps may come while the call goes on."""
    noise: Noise | None = None


@dataclass(frozen=True, slots=True)
class Await:
    """Be silent until something happens."""

    event: str
    limit_s: float


@dataclass(frozen=True, slots=True)
class Sound:
    """Send this. A spoken sound is a turn: what the agent says next answers it."""

    name: str
    audio: bytes
    spoken: bool = True
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Wait until the agent has been heard for so long, then speak."""

    after_ms: int
    sound: Sound


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, one after the other."""

    digits: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Send nothing, not even silence."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a machine says by itself when it has answered."""

    ms: int
    beeps: bool


@dataclass(frozen=True, slots=True)
class HangUp:
    """Put the receiver down."""


Action = Await | Sound | Interrupt | Press | Hold | HangUp


def rehearse(script: Script, clips: Clips, rng: random.Random) -> tuple[Action, ...]:
    """The script with every sound at hand. Raises NoSuchClip or BadScript before anybody dials."""
    return tuple(_action(step, step.voice or script.voice, clips, rng) for step in script.steps)


def greeting(actions: Sequence[Action]) -> Greeting:
    """How long it speaks before it waits for anything, up to the end of its beep if it has one."""
    total_ms = 0
    for action in actions:
        if not isinstance(action, Sound):
            break
        total_ms += duration_ms(action.audio)
        if action.name == BEEP:
            return Greeting(total_ms, True)
    return Greeting(total_ms, False)


def with_beep(actions: Sequence[Action]) -> tuple[Action, ...]:
    """A machine's actions with a beep after its greeting, unless it has one."""
    if greeting(actions).beeps:
        return tuple(actions)
    spoken = next((n for n, action in enumerate(actions) if not isinstance(action, Sound)), len(actions))
    return (*actions[:spoken], Sound(BEEP, tones.beep(), spoken=False), *actions[spoken:])


def _action(step: Step, voice: Voice, clips: Clips, rng: random.Random) -> Action:
    match step:
        case Step(wait=WaitFor(event=event, after_s=limit_s)):
            return Await(event, step.after_s or limit_s)
        case Step(wait=float(seconds)) | Step(silence=float(seconds)):
            return Sound("silence", tones.silence(round(seconds * 1000)), spoken=False)
        case Step(say=str(line_id)):
            return _hesitating(_spoken(clips.line(line_id, voice)), step.pause_s)
        case Step(say_text=str(text)):
            return _recorded_words(text, clips)
        case Step(interrupt=InterruptStep() as step_):
            return Interrupt(step_.after_ms, _interruption(step_, step_.voice or voice, clips))
        case Step(press=str(digits)):
            return Press(digits)
        case Step(play=str(path)):
            return _file(Path(path))
        case Step(noise=NoiseStep(s=seconds, level_db=level_db)):
            return Sound("noise", tones.noise(round(seconds * 1000), level_db, rng), spoken=False)
        case Step(beep=True):
            return Sound(BEEP, tones.beep(), spoken=False)
        case Step(hold=float(seconds)):
            return Hold(seconds)
        case Step(hang_up=True):
            return HangUp()
    raise BadScript("a step that does nothing")


def _spoken(clip: Clip) -> Sound:
    return Sound(clip.name, clip.audio, text=clip.text)


def _hesitating(sound: Sound, pause_s: float | None) -> Sound:
    if pause_s is None:
        return sound
    return replace(sound, audio=with_pause(sound.audio, tones.silence(round(pause_s * 1000))))


def background(script: Script, clips: Clips, rng: random.Random) -> Background | None:
    """The noise of a script, ready to be mixed in; a babble is made of the lines that anybody has recorded."""
    if script.noise is None:
        return None
    voices = [clip.audio for clip in clips.crowd()] if script.noise.kind == "babble" else []
    return Background(script.noise.kind, script.noise.snr_db, rng, voices)


def _recorded_words(text: str, clips: Clips) -> Sound:
    clip = clips.text(text)
    if clip is None:
        raise BadScript("nobody has recorded these words; give a line id, or a WAV to play")
    return _spoken(clip)


def _interruption(step: InterruptStep, voice: Voice, clips: Clips) -> Sound:
    if (step.say is None) == (step.play is None):
        raise BadScript("an interruption says one line or plays one file")
    if step.say is not None:
        return _spoken(clips.line(step.say, voice))
    return _file(Path(str(step.play)))


def _file(path: Path) -> Sound:
    try:
        return Sound(path.name, read_sound(path))
    except BadSound as error:
        raise BadScript(str(error)) from error


def parse_script(document: Mapping[str, object] | Sequence[object]) -> Script:
    """A script as it stands in a file or a request. Raises BadScript.

    A bare list is its steps; {"dialogue": agent id, "caller": name} is that caller of that dialogue.
    """
    try:
        return Script.model_validate(written_out(document))
    except ValueError as error:
        raise BadScript(str(error)) from error


def written_out(document: object) -> object:
    """A script with its caller looked up, if it names one."""
    if isinstance(document, Sequence):
        return {"steps": document}
    if not isinstance(document, Mapping) or "dialogue" not in document:
        return document
    rest = {name: value for name, value in document.items() if name not in {"dialogue", "caller"}}
    try:
        caller = dialogue_of(str(document["dialogue"])).callers[str(document["caller"])]
    except KeyError as error:
        raise BadScript(f"there is no dialogue or caller {error.args[0]!r}") from error
    return {"voice": caller.voice, "steps": caller.model_dump(exclude_none=True)["steps"]} | rest
