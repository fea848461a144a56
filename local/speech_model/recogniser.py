"""Which line of a dialogue a caller said: pocketsphinx with a grammar of the lines, checked against free phones.

The grammar alone would hear one of its lines in anything. So the phones are also recognised freely, and a line only
counts if it lies near them; and all lines of the dialogue compete, so that a line that is not expected here is not
taken for one that is. Measured on synthetic voices over 8 kHz mu-law; see tests/speech_model/test_recogniser.py.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from local.speech_model.grammar import Phrase, jsgf, matching
from local.speech_model.phone_distance import likeness
from local.speech_model.pronunciation import lexicon, words_of

RATE_HZ = 16_000
NOT_SPEECH = {"SIL", "+NSN+", "+SPN+", "(NULL)", "<s>", "</s>", "<sil>"}
SHORT_LINE_PHONES = 8
LIKE_ENOUGH_SHORT = 0.15
"""Two or three phones say little: "yes" and "no" were right at this likeness, and others wrong at the same."""
LIKE_ENOUGH = 0.3
SURPRISE = 0.4
"""A line that is expected but lost against one that is not."""
PLAINLY = 0.1
MOST_PLAINLY = 0.3
EDGE = bytes(RATE_HZ // 5 * 2)
"""The grammar wants some silence on either side: 0.2 s."""

Line = tuple[str, str]
"""Phrase id and text."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A line, and how like it the sound was, 0..1."""

    phrase: str
    likeness: float


def available() -> bool:
    """Whether this Python has pocketsphinx."""
    try:
        import pocketsphinx  # noqa: F401
    except ImportError:
        return False
    return True


def recognise(lines: Sequence[Line], expected: Collection[str], pcm: bytes, speech_s: float) -> Recognised | None:
    """The line that was said, if it is one of the expected ones. pcm: 16 kHz."""
    return _ears(tuple(lines)).recognise(frozenset(expected), pcm, speech_s)


@lru_cache(maxsize=32)
def _ears(lines: tuple[Line, ...]) -> Ears:
    return Ears(lines)


class Ears:
    """A recogniser for the lines of one dialogue. Not for use by two threads at once."""

    def __init__(self, lines: Sequence[Line]) -> None:
        import pocketsphinx

        model = Path(pocketsphinx.get_model_path("en-us"))
        book = lexicon({word for _, text in lines for word in words_of(text)}, Path(model, "cmudict-en-us.dict"))
        phrases = (Phrase(phrase, tuple(book[word] for word in words_of(text))) for phrase, text in lines)
        self._phrases = [phrase for phrase in phrases if phrase.words]
        with tempfile.NamedTemporaryFile("w", suffix=".dict", encoding="utf-8") as dictionary:
            for word in book.values():
                for number, phones in enumerate(word.pronunciations, 1):
                    dictionary.write(f"{word.name}{f'({number})' if number > 1 else ''} {phones}\n")
            dictionary.flush()
            self._grammar: Any = pocketsphinx.Decoder(
                hmm=str(model / "en-us"), dict=dictionary.name, lm=None, loglevel="FATAL"
            )
        self._free: Any = pocketsphinx.Decoder(
            hmm=str(model / "en-us"),
            dict=None,
            lm=None,
            allphone=str(model / "en-us-phone.lm.bin"),
            lw=2.0,
            beam=1e-20,
            pbeam=1e-20,
            loglevel="FATAL",
        )

    def recognise(self, expected: frozenset[str], pcm: bytes, speech_s: float) -> Recognised | None:
        """The line that was said, if it is one of the expected ones."""
        possible = [phrase for phrase in self._phrases if phrase.fits(speech_s)]
        if not possible:
            return None
        padded = EDGE + pcm + EDGE
        phones = self._phones(padded)
        best = self._best(possible, padded, phones)
        if best.phrase in expected:
            return best if best.likeness >= self._threshold(best.phrase) else None
        here = [phrase for phrase in possible if phrase.id in expected]
        second = self._best(here, padded, phones) if here and len(here) < len(possible) else None
        if second is None or second.likeness < max(SURPRISE, best.likeness):
            return None
        return second

    def _threshold(self, phrase_id: str) -> float:
        phrase = next(phrase for phrase in self._phrases if phrase.id == phrase_id)
        return LIKE_ENOUGH_SHORT if len(phrase.phones()) < SHORT_LINE_PHONES else LIKE_ENOUGH

    def _best(self, phrases: Sequence[Phrase], pcm: bytes, phones: Sequence[str]) -> Recognised:
        self._grammar.add_jsgf_string("lines", jsgf(phrases))
        self._grammar.activate_search("lines")
        _listen(self._grammar, pcm)
        hypothesis = self._grammar.hyp()
        heard = hypothesis.hypstr.split() if hypothesis is not None and hypothesis.hypstr else []
        phrase = matching(phrases, heard) if heard else None
        nearest = max((Recognised(other.id, likeness(phones, other.phones())) for other in phrases), key=_by_likeness)
        if phrase is None:
            return nearest
        best = Recognised(phrase.id, max(likeness(phones, phrase.phones(count)) for count in (len(heard), None)))
        # The search may break off in a line that nobody said; where the phones say so plainly, they are believed.
        broken_off = len(heard) < len(phrase.words)
        return nearest if nearest.likeness > best.likeness + (PLAINLY if broken_off else MOST_PLAINLY) else best

    def _phones(self, pcm: bytes) -> list[str]:
        _listen(self._free, pcm)
        return [segment.word for segment in self._free.seg() if segment.word not in NOT_SPEECH]


def _by_likeness(recognised: Recognised) -> float:
    return recognised.likeness


def _listen(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm, no_search=False, full_utt=True)
    decoder.end_utt()
