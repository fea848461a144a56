"""The first words of one stream: played from the store, or made by the model and kept for the next call."""

from __future__ import annotations

from functions.voice.greetings.greeting import Greeting, has_said
from functions.voice.greetings.greetings import Greetings
from shared.domain.call import Speaker, Turn


class FirstWords:
    """Listens to the first turn of an agent whose greeting may be stored and is not yet."""

    def __init__(self, greetings: Greetings, wanted: Greeting | None) -> None:
        self._greetings = greetings
        self._wanted = wanted
        """None: nothing is to be kept, or no more."""
        self._sound: list[bytes] = []

    def stored(self) -> None:
        """They came from the store."""
        self._wanted = None

    def played(self, ulaw: bytes) -> None:
        """The agent's voice went out."""
        if self._wanted is not None:
            self._sound.append(ulaw)

    def heard_turn(self, turn: Turn) -> None:
        """A turn is over. The agent's first is kept if it is the greeting, whole and unbroken."""
        wanted = self._wanted
        if wanted is None or turn.speaker is not Speaker.AGENT:
            return
        ulaw = b"".join(self._sound)[: turn.audio_ms * 8]
        self._wanted, self._sound = None, []
        if not turn.cut_off and not turn.unheard and has_said(wanted.words, turn.text, ulaw):
            self._greetings.keep(Greeting(wanted.name, wanted.words, ulaw))
