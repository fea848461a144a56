"""Which language a turn is in, and in which letters: by script, by its commonest words, and by a detector.

Turns on the phone are short. Most scripts name their language by themselves; Devanagari, Bengali and Arabic letters and
all of Latin need more: words that only one of the languages has, then py3langid, a detector, among the languages that
are left. The detector takes a good part of a millisecond: it is asked only where its answer could change the tag.
Hindi comes in Devanagari and in Latin letters, and mixed with English in both; the tag says which language it is, and
the script says how it was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from shared.domain.languages import base_of, languages
from shared.domain.packaged import packaged_yaml

BLOCKS: Final = {
    "Deva": "\u0900-\u0963\u0971-\u097f", "Beng": "\u0980-\u09ff", "Guru": "\u0a00-\u0a7f", "Gujr": "\u0a80-\u0aff",
    "Orya": "\u0b00-\u0b7f", "Taml": "\u0b80-\u0bff", "Telu": "\u0c00-\u0c7f", "Knda": "\u0c80-\u0cff",
    "Mlym": "\u0d00-\u0d7f", "Arab": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff",
    "Kana": "\u3040-\u30ff", "Hang": "\uac00-\ud7af\u1100-\u11ff", "Hani": "\u4e00-\u9fff\u3400-\u4dbf",
    "Cyrl": "\u0400-\u04ff", "Thai": "\u0e00-\u0e7f", "Hebr": "\u0590-\u05ff", "Grek": "\u0370-\u03ff",
    "Latn": "A-Za-z\u00c0-\u024f",
}  # fmt: skip
"""By ISO 15924; kana and hangul by their own blocks, because Han alone does not tell Japanese from Chinese."""
_LATIN: Final = f"[{BLOCKS['Latn']}]"
_WORD: Final = re.compile(
    "|".join(
        f"(?P<{script}>[{block}\u200c\u200d]+)" if script != "Latn" else f"(?P<Latn>{_LATIN}+(?:['’-]{_LATIN}+)*)"
        for script, block in BLOCKS.items()
    )
)
BY_SCRIPT: Final = {
    "Guru": "pa", "Gujr": "gu", "Orya": "or", "Taml": "ta", "Telu": "te", "Knda": "kn", "Mlym": "ml", "Kana": "ja",
    "Hang": "ko", "Cyrl": "ru", "Thai": "th", "Hebr": "he", "Grek": "el",
}  # fmt: skip
"""Scripts that name a language by themselves."""
LATIN_LANGUAGES: Final = ("en", "es", "fr", "de", "pt", "it", "nl", "id")
_ASSAMESE: Final = re.compile("[ৰৱ]")
_URDU: Final = re.compile("[ٹڈڑںےہھگچپکی]")
ISO_SCRIPTS: Final = {"Kana": "Jpan", "Hang": "Kore", "Hani": "Hans"}
FOREIGN_WORDS: Final = 6
"""A turn of so many words may be taken for a language that is none of the launch languages."""

Detector = Callable[[str], Mapping[str, float]]
"""A text → how likely it is in each language that the detector knows."""


@dataclass(frozen=True, slots=True)
class Tag:
    """What a turn is in."""

    language: str | None
    """BCP-47 without region; "hi-en" where a language is mixed with English; None without letters."""
    script: str | None = None
    """ISO 15924: Deva, Latn; "Deva+Latn" where both are used."""
    sure: bool = False
    """Enough was said to act on it: an "okay", a name or one word is not enough."""


class Tagger:
    """Tags turns. Without a detector it has scripts and words alone, which is enough for Hindi and English."""

    def __init__(self, detector: Detector | None = None) -> None:
        self._detector = detector

    def use(self, detector: Detector) -> None:
        """From now on; it takes a second to load, so a process begins without it."""
        self._detector = detector

    def tag(self, text: str, expected: Collection[str] = (), names: Collection[str] = ()) -> Tag:
        """What a turn is in.

        expected are the languages (with or without region) of which it is likely one; names, in lower case, are words
        of no language, unless nothing else is said.
        """
        text = unicodedata.normalize("NFC", text)
        words = [(match.lastgroup or "", match[0].lower()) for match in _WORD.finditer(text)]
        words = [(script, word) for script, word in words if word not in names] or words
        latin = [word for script, word in words if script == "Latn"]
        native = [(script, word) for script, word in words if script != "Latn"]
        bases = frozenset(map(base_of, expected))
        if not words:
            return Tag(None)
        if not native or (len(native) * 4 < len(latin) and not _is_said(native)):
            return _spoken_alike(self._latin(text, latin, bases), bases)
        script = _main_script(native)
        own = [word for one, word in native if one == script or script in {"Kana", "Hani"}]
        language = self._native(script, own, text, bases)
        iso = ISO_SCRIPTS.get(script, script) if language != "ja" else "Jpan"
        doubtful = script == "Beng" and language == "as" and not _ASSAMESE.search(text)
        tag = Tag(language, iso, sure=_says_enough(own) and not doubtful)
        english = [word for word in latin if word not in _words("universal")]
        if len(english) >= 2 or (english and len(own) <= 2):
            tag = Tag(f"{base_of(language)}-en", f"{iso}+Latn", sure=True) if language != "en" else tag
        return _spoken_alike(tag, bases)

    def _likely(self, text: str, among: Sequence[str]) -> Mapping[str, float]:
        """How likely each of these is, one of them for certain; all alike without a detector."""
        return _among({} if self._detector is None else self._detector(text), among)

    def _native(self, script: str, words: Sequence[str], text: str, expected: frozenset[str]) -> str:
        match script:
            case "Deva":
                return self._devanagari(words, text, expected)
            case "Beng":
                if _ASSAMESE.search(text):
                    return "as"
                return self._one_of(("bn", "as"), text, expected)
            case "Arab":
                return "ur" if _URDU.search(text) else self._one_of(("ar", "ur"), text, expected)
            case "Hani":
                return "ja" if "ja" in expected and "zh" not in expected else "zh"
            case _:
                return BY_SCRIPT[script]

    def _one_of(self, pair: Sequence[str], text: str, expected: frozenset[str]) -> str:
        if pair[0] in expected and pair[1] not in expected:
            return pair[0]  # whatever the detector says: all its likelihoods together are 1
        likely = self._likely(text, pair)
        return max(pair, key=lambda one: likely[one] + (1.0 if one in expected else 0.0))

    def _devanagari(self, words: Sequence[str], text: str, expected: frozenset[str]) -> str:
        hindi, marathi, english = _words("hi"), _words("mr"), _words("en_devanagari")
        for_hindi = sum(1 for word in words if word in hindi and word not in marathi)
        for_marathi = sum(1 for word in words if word in marathi and word not in hindi)
        foreign = sum(1 for word in words if word in english and word not in hindi and word not in marathi)
        if foreign >= 2 and for_hindi + for_marathi == 0 and foreign * 2 > len(words):
            return "en"
        doubt = 1.0 if "hi" in expected and "mr" not in expected else -1.0 if "mr" in expected else 0.0
        lead = for_marathi - for_hindi - doubt
        if -1 < lead <= 1:  # a likelihood of 1 could turn it
            likely = self._likely(text, ("hi", "mr"))
            is_marathi = for_marathi + likely["mr"] > for_hindi + likely["hi"] + doubt
        else:
            is_marathi = lead > 1
        language = "mr" if is_marathi and (for_marathi or "mr" in expected or self._detector is not None) else "hi"
        return f"{language}-en" if foreign >= 2 and foreign * 10 >= len(words) * 3 else language

    def _latin(self, text: str, words: Sequence[str], expected: frozenset[str]) -> Tag:
        told = [word.replace("’", "'") for word in words if word not in _words("universal")]
        if not told:
            return Tag("en", "Latn")
        votes = {language: sum(1.0 for word in told if word in _words(language)) for language in LATIN_LANGUAGES}
        votes["en"] += 0.5 * sum(1 for word in told if word in _words("en_shared"))
        if (hindi := _romanised_hindi(told, votes, expected)) is not None:
            return Tag(hindi, "Latn", sure=len(told) >= 2)
        # Of a single word the detector can only guess.
        weight = 3.0 if len(told) > 1 else 0.8
        known = {one: votes[one] + float(one in expected) for one in LATIN_LANGUAGES}
        if (sure_of := decided(known, weight)) is not None:
            return Tag(sure_of, "Latn", sure=len(told) >= 2)
        everything = {} if self._detector is None else self._detector(text)
        likely = _among(everything, LATIN_LANGUAGES)
        score = {one: known[one] + weight * likely[one] for one in LATIN_LANGUAGES}
        first, second = sorted(LATIN_LANGUAGES, key=lambda one: -score[one])[:2]
        if everything and len(told) >= FOREIGN_WORDS and votes[first] < 2:
            stranger = max(everything, key=lambda one: everything[one])
            if (
                everything[stranger] > 0.95
                and stranger not in languages()
                and stranger.isalpha()
                and len(stranger) == 2
            ):
                return Tag(stranger, "Latn", sure=True)
        return Tag(first, "Latn", sure=len(told) >= 2 and score[first] - score[second] >= 1.0)


def decided(known: Mapping[str, float], weight: float) -> str | None:
    """The language that stays first by at least 1, whatever the detector says; None where that has to be asked.

    known: what speaks for each. The detector adds its likelihoods, which together are 1, so many times.
    """
    first, second = sorted(known, key=lambda one: -known[one])[:2]
    return first if known[first] - known[second] >= weight + 1.0 else None


def _among(found: Mapping[str, float], these: Sequence[str]) -> Mapping[str, float]:
    """The likelihoods of these alone, together 1; all 0 where nothing was found."""
    whole = sum(found.get(language, 0.0) for language in these) or 1.0
    return {language: found.get(language, 0.0) / whole for language in these}


def _romanised_hindi(words: Sequence[str], votes: Mapping[str, float], expected: frozenset[str]) -> str | None:
    """ "hi" or "hi-en", where Latin letters spell Hindi."""
    certain = [word for word in words if word in _words("hi_latin") and word not in _words("hi_not_english")]
    perhaps = [word for word in words if word in _words("hi_latin") and word in _words("hi_not_english")]
    weight = len(certain) + 0.3 * len(perhaps)
    if expected and not expected & {"hi", "ur"}:
        if len(certain) < 3 or weight * 2 < len(words):
            return None
    elif not certain or not (len(certain) >= 2 or perhaps or len(certain) * 3 >= len(words)):
        return None
    if max(votes[language] for language in LATIN_LANGUAGES if language != "en") > weight:
        return None
    english = [word for word in words if word in _words("en") and word not in _words("hi_latin")]
    shared = [word for word in words if word in _words("en_shared")]
    mixed = len(english) + len(shared) >= 2 or bool(english) or (bool(shared) and len(words) <= 4)
    return "hi-en" if mixed else "hi"


def _spoken_alike(tag: Tag, expected: frozenset[str]) -> Tag:
    """Hindi and Urdu sound the same on the phone: letters of the other one are the writer's slip, not the speaker's."""
    if tag.language is None:
        return tag
    base, _, mixed = tag.language.partition("-")
    twin = {"ur": "hi", "hi": "ur"}.get(base)
    if twin in expected and base not in expected:
        return Tag(f"{twin}-{mixed}" if mixed else twin, tag.script, tag.sure)
    return tag


def _is_said(native: Sequence[tuple[str, str]]) -> bool:
    """More than a name: words of a language between English ones."""
    return any(word in _words("hi") or word in _words("mr") for _, word in native)


def _main_script(words: Sequence[tuple[str, str]]) -> str:
    letters: dict[str, int] = {}
    for script, word in words:
        letters[script] = letters.get(script, 0) + len(word)
    if "Kana" in letters and {"Kana", "Hani"} >= set(letters):
        return "Kana"
    return max(letters, key=lambda script: letters[script])


def _says_enough(words: Sequence[str]) -> bool:
    told = [word for word in words if word not in _words("universal")]
    return len(told) >= 2 or sum(map(len, told)) >= 6


@cache
def _words(key: str) -> frozenset[str]:
    listed = packaged_yaml("language_words.yaml")[key]
    return frozenset(unicodedata.normalize("NFC", listed).split())


@cache
def py3langid() -> Detector:
    """The detector; loading its model takes a second of CPU and 50 MB. It is safe in a thread."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def likely(text: str) -> Mapping[str, float]:
        return {language: float(chance) for language, chance in identifier.rank(text)}

    return likely
