"""From a header to a variable's name: ASCII, snake case, one per column. [pure]"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from functions.console.lists.cell_text import plain

MAX_NAME = 60
MAX_LABEL = 200
_INDIAN_SIGN = re.compile(
    "(?:DEVANAGARI|BENGALI|GURMUKHI|GUJARATI|ORIYA|TAMIL|TELUGU|KANNADA|MALAYALAM) (LETTER|VOWEL SIGN|SIGN) (.+)"
)
_INHERENT_A = "\0"
_FINAL_A = re.compile(f"(?<=[a-z{_INHERENT_A}][a-z]){_INHERENT_A}(?![a-z{_INHERENT_A}])")
_ENGLISH = {
    "नाम": "name",
    "शहर": "city",
    "पता": "address",
    "राशि": "amount",
    "रकम": "amount",
    "तारीख": "date",
    "तारीख़": "date",
    "दिनांक": "date",
    "जिला": "district",
    "ज़िला": "district",
    "गांव": "village",
    "गाँव": "village",
    "उम्र": "age",
    "आयु": "age",
    "लिंग": "gender",
    "ईमेल": "email",
    "कंपनी": "company",
    "योजना": "plan",
    "किस्त": "instalment",
    "क़िस्त": "instalment",
    "देय तिथि": "due_date",
    "टिप्पणी": "note",
}
"""Headers of Hindi lists whose English name tells an agent more than their letters would."""
_ENGLISH_NFKC = {unicodedata.normalize("NFKC", hindi): english for hindi, english in _ENGLISH.items()}


def label_of(header: str) -> str:
    """A header as people read it."""
    return plain(unicodedata.normalize("NFKC", header))[:MAX_LABEL]


def variable_names(labels: Iterable[str]) -> list[str]:
    """A safe name for each column; the second of a kind gets _2, a column without a header its number."""
    names: list[str] = []
    for number, label in enumerate(labels, start=1):
        name = _ENGLISH_NFKC.get(label) or _snake(_latin(label)) or f"column_{number}"
        names.append(distinct(name, names))
    return names


def distinct(name: str, taken: Iterable[str]) -> str:
    """The name, with _2, _3 … if it is taken."""
    used, count, candidate = set(taken), 1, name
    while candidate in used:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def _snake(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")[:MAX_NAME].strip("_")
    return f"column_{name}" if name[:1].isdigit() else name


def _latin(label: str) -> str:
    """The label in ASCII letters. Signs of Indian scripts go by their Unicode names: क is KA, ि is I."""
    written = ""
    for sign in unicodedata.normalize("NFKD", label.casefold()):
        if sign.isascii():
            written += sign
        elif unicodedata.decimal(sign, None) is not None:
            written += str(unicodedata.decimal(sign))
        elif found := _INDIAN_SIGN.fullmatch(unicodedata.name(sign, "")):
            written = _with_indian(written, *found.groups())
    return _FINAL_A.sub("", written).replace(_INHERENT_A, "a")


def _with_indian(written: str, kind: str, name: str) -> str:
    """A consonant brings an a with it, which a vowel sign replaces and a virama takes away."""
    sound = name.split()[-1].casefold()
    if kind == "LETTER":
        consonant = sound.endswith("a") and sound not in ("a", "aa")
        return written + (sound[:-1] + _INHERENT_A if consonant else sound)
    if kind == "VOWEL SIGN":
        return written.removesuffix(_INHERENT_A) + sound
    if name in ("VIRAMA", "HALANT", "PULLI"):
        return written.removesuffix(_INHERENT_A)
    return written + "n" if name in ("ANUSVARA", "CANDRABINDU", "BINDI", "TIPPI") else written
