"""What was said and what was really heard, sample by sample side by side."""

from __future__ import annotations

import io
import wave

from local.telephone_network.sound.mulaw import RATE_HZ, decode


class Recording:
    """Both sides of a line from the moment it was answered: the person left, what they heard right."""

    def __init__(self) -> None:
        self._person = bytearray()
        self._heard = bytearray()

    def add(self, person: bytes, heard: bytes) -> None:
        """The next stretch of both, equally long."""
        self._person += person
        self._heard += heard

    @property
    def ms(self) -> int:
        """How long it is."""
        return len(self._heard) * 1000 // RATE_HZ

    @property
    def person(self) -> bytes:
        """Mu-law of what the person said."""
        return bytes(self._person)

    @property
    def heard(self) -> bytes:
        """Mu-law of what the person heard."""
        return bytes(self._heard)

    def wav(self) -> bytes:
        """Stereo, 8 kHz, 16-bit."""
        left, right = decode(self.person), decode(self.heard)
        samples = bytearray(2 * len(left))
        samples[0::4], samples[1::4] = left[0::2], left[1::2]
        samples[2::4], samples[3::4] = right[0::2], right[1::2]
        file = io.BytesIO()
        with wave.open(file, "wb") as wav:
            wav.setnchannels(2)
            wav.setsampwidth(2)
            wav.setframerate(RATE_HZ)
            wav.writeframes(bytes(samples))
        return file.getvalue()
