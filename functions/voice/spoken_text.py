"""Which words of an answer were heard: its transcript laid along its audio.

A transcript comes in fragments, each while some part of the audio is being sent, and always about as far ahead of its
sound or behind it. Where that holds, the fragments are marks along the audio, pauses and all, and only the words
between two marks are placed by their length. Where it does not (all the text came first, say), every word is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate, pairwise
from statistics import median

ENOUGH_MARKS = 3
PLAUSIBLE_MS_PER_WEIGHT = (25.0, 170.0)
"""Nobody speaks faster or slower than so, taken over a whole answer."""
SLOW = 2.0
"""Nobody speaks so many times slower than is typical: what lasts longer is a pause."""
HURRIED = 0.35
"""A fragment that is followed by the next in less than this share of its usual time did not come with its sound."""
MOST_HURRIED = 0.3
"""Where more of the text came so, its times tell nothing about the audio."""
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
        starts = [0.0, *accumulate(spoken + rest for spoken, rest in weights)]
        total = starts[-1]
        if not total:
            return "", text
        ms_per_weight = audio_ms / total if complete else max(TYPICAL_MS_PER_WEIGHT, audio_ms / total)
        marks = self._marks(words, starts, audio_ms if complete else None)
        for word, start, (spoken, _) in zip(words, starts, weights, strict=False):
            if _position(start + spoken, marks, ms_per_weight) > heard_ms:
                return text[: word.start()].rstrip(), text[word.start() :]
        return text, ""

    def _marks(
        self, words: list[re.Match[str]], starts: list[float], audio_ms: int | None
    ) -> list[tuple[float, float]]:
        """(weight, ms) along the answer, rising; the first is its beginning. audio_ms: None while it goes on."""
        ends = list(accumulate(len(word.group()) for word in words))
        marks: list[tuple[float, float]] = []
        letters = 0
        for sent_ms, fragment in self._fragments:
            first = bisect_right(ends, letters)
            if not marks or starts[first] > marks[-1][0]:
                marks.append((starts[first], float(sent_ms)))
            letters += len("".join(fragment.split()))
        offset_ms = _offset_ms(marks, starts[-1], audio_ms)
        if offset_ms is None:
            return [(0.0, 0.0)]
        rising = [(0.0, 0.0)]
        for weight, came_ms in marks:
            at_ms = came_ms + offset_ms if audio_ms is None else min(came_ms + offset_ms, float(audio_ms))
            if weight > rising[-1][0]:
                rising.append((weight, max(at_ms, rising[-1][1])))
        if audio_ms is not None and starts[-1] > rising[-1][0]:
            rising.append((starts[-1], float(audio_ms)))
        return rising


def _offset_ms(marks: list[tuple[float, float]], total: float, audio_ms: int | None) -> float | None:
    """How long after its fragment came a word is heard, if the fragments came with their sound; else None."""
    steps = [(to[0] - since[0], to[1] - since[1]) for since, to in pairwise(marks)]
    if len(marks) < ENOUGH_MARKS:
        return None
    usual = median(ms / weight for weight, ms in steps)
    hurried = sum(weight for weight, ms in steps if ms < HURRIED * usual * weight)
    if not PLAUSIBLE_MS_PER_WEIGHT[0] <= usual <= PLAUSIBLE_MS_PER_WEIGHT[1] or hurried > MOST_HURRIED * total:
        return None
    last_weight, last_ms = marks[-1]
    if audio_ms is None:
        return -marks[0][1]
    return audio_ms - last_ms - (total - last_weight) * usual


def _position(weight: float, marks: list[tuple[float, float]], ms_per_weight: float) -> float:
    """Where in the audio so much of the text has been spoken."""
    for (from_weight, from_ms), (to_weight, to_ms) in pairwise(marks):
        if weight <= to_weight:
            # A pause lies behind the words: they are spoken at their speed, and then nothing is.
            spoken_ms = (weight - from_weight) * TYPICAL_MS_PER_WEIGHT * SLOW
            return min(
                from_ms + spoken_ms, from_ms + (weight - from_weight) / (to_weight - from_weight) * (to_ms - from_ms)
            )
    last_weight, last_ms = marks[-1]
    return last_ms + (weight - last_weight) * ms_per_weight


def _weights(word: str) -> tuple[float, float]:
    """How long a word takes and how long the voice rests after it, both in letters' time."""
    letters = word.rstrip("".join(PAUSES))
    return len(letters) or 1.0, 1.0 + sum(PAUSES[sign] for sign in word[len(letters) :])
