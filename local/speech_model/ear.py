"""When the caller speaks: from the stream of sound to the beginning and the end of their turns. [pure]"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.speech_model.setup_message import AutomaticActivityDetection

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

RATE_HZ = 16_000
FRAME_MS = 20
FRAME_BYTES = RATE_HZ * FRAME_MS // 1000 * 2
PRE_ROLL_FRAMES = 15
"""0.3 s before the onset belong to the turn: a soft first consonant is in there."""
LONGEST_TURN_FRAMES = 30 * 1000 // FRAME_MS
ONSET_MS = {"START_SENSITIVITY_HIGH": 60, "START_SENSITIVITY_LOW": 100}
"""Less speech than this in a row begins no turn."""
PATIENCE = {"END_SENSITIVITY_HIGH": 1.0, "END_SENSITIVITY_LOW": 1.6}
"""Where the setup gives no silence, so many times the usual one ends a turn."""
LOUD_RMS = 250
"""-42 dB of full scale: telephone speech lies around -20."""

IsSpeech = Callable[[bytes], bool]
"""Whether a frame of 20 ms at 16 kHz holds speech."""


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The caller has begun to speak."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The caller's turn. pcm: 16 kHz, with some silence on either side; speech_s: from the first to the last sound."""

    pcm: bytes
    speech_s: float


def is_loud(frame: bytes) -> bool:
    """Speech by its energy alone."""
    return bool(audioop.rms(frame, 2) >= LOUD_RMS)


def voice_detector(strictness: int) -> IsSpeech:
    """WebRTC's detector, which comes with pocketsphinx. strictness 0..3; it has a memory, so one for each stream."""
    import pocketsphinx

    detector = pocketsphinx.Vad(strictness, RATE_HZ, FRAME_MS / 1000)
    return lambda frame: bool(detector.is_speech(frame))


class Ear:
    """Listens to one caller. With automatic detection off, begin() and end() say when the caller speaks."""

    def __init__(self, detection: AutomaticActivityDetection, silence_ms: int, is_speech: IsSpeech) -> None:
        self.automatic = not detection.disabled
        self._is_speech = is_speech
        onset_ms = ONSET_MS.get(detection.start_of_speech_sensitivity or "", ONSET_MS["START_SENSITIVITY_HIGH"])
        self._onset_frames = max(onset_ms, detection.prefix_padding_ms or 0) // FRAME_MS
        usual_ms = silence_ms * PATIENCE.get(detection.end_of_speech_sensitivity or "", 1.0)
        silence = detection.silence_duration_ms
        self._end_frames = max(1, round(usual_ms if silence is None else silence) // FRAME_MS)
        self._rest = b""
        self._before: deque[bytes] = deque(maxlen=PRE_ROLL_FRAMES + self._onset_frames)
        self._turn: list[bytes] | None = None
        self._voiced = self._silent = self._first = self._last = 0

    @property
    def speaking(self) -> bool:
        """Whether a turn is going on."""
        return self._turn is not None

    def feed(self, pcm: bytes) -> Iterator[SpeechBegan | SpeechEnded]:
        """The next piece of the stream, of any even length."""
        sound = self._rest + pcm
        whole = len(sound) - len(sound) % FRAME_BYTES
        self._rest = sound[whole:]
        for start in range(0, whole, FRAME_BYTES):
            yield from self._frame(sound[start : start + FRAME_BYTES])

    def _frame(self, frame: bytes) -> Iterator[SpeechBegan | SpeechEnded]:
        voiced = self._is_speech(frame)
        if self._turn is None:
            if not self.automatic:
                return
            self._before.append(frame)
            self._voiced = self._voiced + 1 if voiced else 0
            if self._voiced >= self._onset_frames:
                self._start()
                yield SpeechBegan()
            return
        self._turn.append(frame)
        self._hear(voiced)
        if self.automatic and (self._silent >= self._end_frames or len(self._turn) >= LONGEST_TURN_FRAMES):
            yield self._finish()

    def _start(self) -> None:
        self._turn = list(self._before)
        self._before.clear()
        self._first = self._last = len(self._turn) - max(self._voiced, 1)
        self._hear(self._voiced > 0)
        self._voiced = 0

    def _hear(self, voiced: bool) -> None:
        assert self._turn is not None
        if voiced:
            if self._last < self._first:
                self._first = len(self._turn) - 1
            self._last, self._silent = len(self._turn) - 1, 0
        else:
            self._silent += 1

    def _finish(self) -> SpeechEnded:
        assert self._turn is not None
        pcm = b"".join(self._turn)
        speech_s = (self._last - self._first + 1) * FRAME_MS / 1000
        self._turn, self._silent = None, 0
        return SpeechEnded(pcm, max(speech_s, 0.0))

    def begin(self) -> SpeechBegan | None:
        """The client says that the caller speaks; what came before is dropped, as the real one drops it."""
        if self._turn is not None:
            return None
        self._before.clear()
        self._turn, self._first, self._last, self._silent = [], 0, -1, 0
        return SpeechBegan()

    def end(self) -> SpeechEnded | None:
        """The client says that the caller has finished, or that the stream pauses."""
        return self._finish() if self._turn is not None else None
