"""From the caller to the model: turns telephone frames into sound for it, and tells the conversation what came."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from functions.voice.actions import Action
from functions.voice.audio import Upsampler, decode_ulaw, loudness
from functions.voice.conversation import Conversation
from functions.voice.frame import FRAME_MS, ULAW_FRAME_BYTES
from functions.voice.model_link import ModelLink
from functions.voice.recording.recorder import Recorder
from functions.voice.speech_detector import SpeechDetector
from shared.domain.recording import SILENCE

KEY_TONE_FRAMES = 12
"""240 ms: a key's tone lasts 100 ms or so, and Twilio's message about it comes while it sounds."""
GAP_MS = 200
"""Frames that are so late are not late: Twilio sends none, on hold for instance."""
MOST_FILLED_FRAMES = 150
"""Three seconds of silence in their place end any turn; after that nobody needs to be sent silence."""


class Hearing:
    """One stream's way from Twilio to the model."""

    def __init__(
        self,
        link: ModelLink,
        conversation: Conversation,
        recorder: Recorder,
        now_ms: Callable[[], float],
        perform: Callable[[Sequence[Action]], None],
        is_typing: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_typing = is_typing
        """The caller is typing what is to be kept secret."""
        self._link = link
        self._conversation = conversation
        self._recorder = recorder
        self._now_ms = now_ms
        self._perform = perform
        self._up = Upsampler()
        self._detector = SpeechDetector() if conversation.is_gated else None
        self._tone_frames = 0
        self._part = b""
        """What of a message is no whole frame yet."""
        self._held = b""
        """A frame that goes with the next one."""
        self._hold_from_ms: float | None = None
        """When frames stopped coming; None while they come."""
        self._heard_to_ms: float | None = None
        """When the last frame came, or should have."""
        self._filled_frames = 0

    def key(self) -> None:
        """The caller pressed a key; its tone is no speech, and must not sound like an answer to the model."""
        self._tone_frames = KEY_TONE_FRAMES

    def frame(self, ulaw: bytes, timestamp_ms: int) -> None:
        """A message of the caller's sound, and when on Twilio's clock it was spoken.

        Twilio sends 20 ms in each and promises no length: here begins a world of frames that are 20 ms long.

        While the caller is silent and nothing of theirs is without an answer, two frames go to the model at once, as
        Google advises: that halves what silence costs. So they do in the middle of speech. Any other sound goes out
        with its own frame, and so does the silence after it, by which the model knows that a turn is over.
        """
        now_ms = self._now_ms()
        # What is typed for a tool is nobody else's, and a recording of the tones would give it away.
        recorded = SILENCE * len(ulaw) if self._is_typing() else ulaw
        self._recorder.caller(recorded, timestamp_ms, now_ms)
        self._filled_frames, self._hold_from_ms = 0, None
        if len(ulaw) == ULAW_FRAME_BYTES and not self._part:
            self._hear(ulaw, now_ms)
            return
        sound = self._part + ulaw
        whole = len(sound) - len(sound) % ULAW_FRAME_BYTES
        for start in range(0, whole, ULAW_FRAME_BYTES):
            self._hear(sound[start : start + ULAW_FRAME_BYTES], now_ms)
        self._part = sound[whole:]

    def fill(self) -> None:
        """By the clock: where frames have stopped coming, the model hears silence for a while, so that a turn ends.

        The caller is on hold then, or the line is dead.
        """
        now_ms = self._now_ms()
        if self._heard_to_ms is None or now_ms - self._heard_to_ms < GAP_MS:
            return
        if self._hold_from_ms is None:
            self._hold_from_ms, self._part = self._heard_to_ms, b""
        missing = min(int((now_ms - self._heard_to_ms) / FRAME_MS), MOST_FILLED_FRAMES - self._filled_frames)
        self._filled_frames += missing
        for _ in range(missing):
            self._hear(SILENCE * ULAW_FRAME_BYTES, now_ms)
        if actions := self._conversation.on_hold(now_ms - self._hold_from_ms, now_ms):
            self._perform(actions)

    def _hear(self, ulaw: bytes, now_ms: float) -> None:
        self._heard_to_ms = now_ms
        if self._tone_frames:
            self._tone_frames -= 1
            ulaw = SILENCE * ULAW_FRAME_BYTES
        pcm = decode_ulaw(ulaw)
        level = loudness(pcm) if self._detector is None else self._detector.push(pcm)
        conversation = self._conversation
        actions = conversation.caller_frame(level, now_ms)
        unanswered = conversation.is_caller_unanswered
        waits = not self._held and self._detector is None and (not unanswered or conversation.is_mid_speech(now_ms))
        if waits:
            self._held = pcm
        else:
            self._link.send_audio(self._up.push(self._held + pcm if self._held else pcm), unanswered=unanswered)
            self._held = b""
        if actions:
            self._perform(actions)
