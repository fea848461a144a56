"""Whether the caller is speaking: by loudness over an adapting noise floor, or by what the voice detector says.

It serves clocks, not decisions of the model: when a caller began and stopped speaking, for latencies, silence and
the moment a turn started. Who is interrupted is decided by the model, or by the gate in front of it (voice_gate.py).
"""

from __future__ import annotations

from functions.voice.frame import FRAME_MS

LOUDEST_FLOOR = 1_000
"""RMS of 16-bit samples; a line noisier than this leaves speech no room anyway."""
QUIETEST_SPEECH = 180
"""RMS below which nobody on a telephone line is speaking (about -45 dBFS)."""
OVER_FLOOR = 3.0
"""Speech stands at least so many times above the noise (about 10 dB)."""
START_MS = 60
END_MS = 300


class VoiceActivity:
    """Follows one caller's frames; times are milliseconds of the stream."""

    def __init__(self) -> None:
        self._floor = 60.0
        self._loud_ms = 0
        self.speaking = False
        self.started_ms = 0.0
        """When the caller began to speak, once speaking is true."""
        self.last_voice_ms: float | None = None
        """End of the last frame that held the caller's voice, as part of speech."""
        self._last_loud_ms = 0.0

    @property
    def onset_ms(self) -> float | None:
        """When the sound began that is, or is about to become, speech; None in silence."""
        if self.speaking:
            return self.started_ms
        return self._last_loud_ms - self._loud_ms if self._loud_ms else None

    @property
    def unbroken_ms(self) -> int:
        """So much voice the caller has given since the last pause, be it as short as two frames."""
        return self._loud_ms

    def frame(self, rms: float, now_ms: float) -> None:
        """A frame of this loudness has just arrived."""
        loud = rms > max(QUIETEST_SPEECH, self._floor * OVER_FLOOR)
        # Steady noise becomes floor within some ten seconds; speech has pauses and never does.
        rate = 0.002 if loud else 0.05 if rms > self._floor else 0.3
        self._floor = min(LOUDEST_FLOOR, self._floor + (rms - self._floor) * rate)
        self.hear(loud, now_ms)

    def hear(self, voice: bool, now_ms: float) -> None:
        """A frame has just arrived, with the caller's voice in it or without."""
        if voice:
            self._loud_ms += FRAME_MS
            self._last_loud_ms = now_ms
            if not self.speaking and self._loud_ms >= START_MS:
                self.speaking = True
                self.started_ms = now_ms - self._loud_ms
            if self.speaking:
                self.last_voice_ms = now_ms
            return
        if now_ms - self._last_loud_ms >= FRAME_MS * 2:
            self._loud_ms = 0
        if self.speaking and now_ms - self._last_loud_ms >= END_MS:
            self.speaking = False
