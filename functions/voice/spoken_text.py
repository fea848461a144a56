"""Which words of an answer were heard: its transcript laid along its audio."""

from __future__ import annotations

import re

TYPICAL_MS_PER_WEIGHT = 62
"""Speed of speech where an answer is still being made: about 16 letters a second, pauses counted as below."""
PAUSES = {",": 4.0, ";": 4.0, ":": 4.0, "—": 4.0, ".": 8.0, "!": 8.0, "?": 8.0, "।": 8.0, "…": 8.0}
"""How many letters' time a voice rests at a sign, as measured on the clips of the local voices."""
_SENTENCE_ENDS = frozenset(".!?।…")


class SpokenText:
    """The words of one answer, with the audio position at which each fragment arrived."""

    def __init__(self) -> None:
        self._fragments: list[tuple[int, str]] = []

    def add(self, text: str, sent_ms: int) -> None:
        """A fragment of the transcript came when so much of the answer's audio had been sent."""
        self._fragments.append((sent_ms, text))

    @property
    def text(self) -> str:
        """All of it."""
        joined = ""
        for _, text in self._fragments:
            # Where the model paused, to call a tool perhaps, sentences meet without a space.
            touching = joined[-1:] in _SENTENCE_ENDS and text[:1].isalpha()
            joined += f" {text}" if touching else text
        return joined.strip()

    def split(self, heard_ms: int, audio_ms: int, *, complete: bool) -> tuple[str, str]:
        """The words that were heard and those that were not; a word counts when it was heard to its end.

        complete says that audio and text are all there, so the text fills the audio; otherwise text may have run
        ahead of audio, and the speed of speech bounds what can have been said.
        """
        text = self.text
        if heard_ms >= audio_ms and complete:
            return text, ""
        words = list(re.finditer(r"\S+", text))
        weights = [_weights(word.group()) for word in words]
        total = sum(spoken + rest for spoken, rest in weights)
        if not total:
            return "", text
        ms_per_weight = audio_ms / total if complete else max(TYPICAL_MS_PER_WEIGHT, audio_ms / total)
        reached = 0.0
        for word, (spoken, rest) in zip(words, weights, strict=True):
            reached += spoken * ms_per_weight
            if reached > heard_ms:
                return text[: word.start()].rstrip(), text[word.start() :]
            reached += rest * ms_per_weight
        return text, ""


def _weights(word: str) -> tuple[float, float]:
    """How long a word takes and how long the voice rests after it, both in letters' time."""
    letters = word.rstrip("".join(PAUSES))
    return len(letters) or 1.0, 1.0 + sum(PAUSES[sign] for sign in word[len(letters) :])
