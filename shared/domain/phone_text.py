"""The text of a phone cell, freed from what programs and people put around a number. [pure]

Each thing taken away has a code, so that a row which needed it can say so.
"""

from __future__ import annotations

import re
import unicodedata

REPAIRS: dict[str, str] = {
    "no_plus": "The country code stood there without its +.",
    "double_zero": "The number began with 00 in place of a +.",
    "trunk_zero": "A 0 stood in front of the number.",
    "leading_zero": "A 0 stood in front of the country code.",
    "local_digits": "The digits were written in another script.",
    "invisible_marks": "Invisible marks stood in the cell.",
    "quotes": "An apostrophe or quotes stood around the number.",
    "formula": "The cell held a spreadsheet formula.",
    "label": "A label such as tel: stood in front of the number.",
    "decimal_point": "The number ended in .0, as programs write numbers.",
    "thousands_commas": "Commas stood between the digits, as in amounts of money.",
    "text_around": "Words stood beside the number.",
    "two_numbers": "The cell held more than one number; the first good one is called, the others are not.",
    "extension": "The number has an extension; its keys are sent once the switchboard has answered.",
    "alternate_used": "The phone column held no usable number; the one in the other phone column is used.",
    "restored": "A spreadsheet had shortened the number; it was taken from the row as it was before.",
    "extra_cells": "The row has more cells than there are columns; the surplus is left out.",
}
"""What was done to a cell to read it, in a sentence for the marketer."""

EMPTY = frozenset(
    "na n/a n.a. nil null none nan no unknown notavailable nonumber #n/a #value! #ref! #name? - -- . 0".split()
)
"""What people and programs write for "no number", without its spaces."""

_LABEL = re.compile(
    r"(?:(?:(?:tel|telephone|phone|ph|mobile|mob|cell|whats ?app|wa|call|contact|sms|callto|number|num|nos?|[mtp])\b"
    "|(?:मोबाइल|मोब|मो|फ\u093c?ोन|नंबर|नं|संपर्क|दूरभाष)"
    r")[ .:#=-]*)+(?=[+(\d])",
    re.IGNORECASE,
)
_WHATSAPP_LINK = re.compile(
    r"(?:https?://)?(?:wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?phone=)\+?(?=\d)", re.IGNORECASE
)
_QUOTES = "'\"`´‘’“”"
_DASHES = re.compile(r"[\u00ad\u2010-\u2015\u2212\u30fc\ufe58\ufe63\uff0d]")
_DECIMAL_POINT = re.compile(r"(\+?\d{7,})[.,]0+")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{2,3}){2,}")
MAX_SIGNS = 200
"""The longest cell that may hold numbers; a hundred signs are room for five of them and a label."""


def plain_text(cell: str) -> tuple[str, list[str]]:
    """The cell's text in ASCII digits and ordinary signs, with the codes of what was taken away."""
    repairs: list[str] = []
    text = cell if cell.isascii() and cell.isprintable() else _ordinary_signs(cell, repairs)
    text = text.strip()
    if text[:1] == "=":
        repairs.append("formula")
        text = text[1:].strip()
    if text[:1] in _QUOTES or text[-1:] in _QUOTES:
        bare = text.strip(_QUOTES + " ")
        if bare != text and "formula" not in repairs:
            repairs.append("quotes")
        text = bare[1:].strip() if bare[:1] == "=" else bare
    for pattern, plus in ((_WHATSAPP_LINK, "+"), (_LABEL, "")):
        if found := pattern.match(text):
            repairs.append("label")
            text = plus + text[found.end() :].strip()
    if found := _DECIMAL_POINT.fullmatch(text):
        repairs.append("decimal_point")
        text = found.group(1)
    elif _THOUSANDS.fullmatch(text):
        repairs.append("thousands_commas")
        text = text.replace(",", "")
    return text, repairs


def _ordinary_signs(cell: str, repairs: list[str]) -> str:
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", cell))
    signs: list[str] = []
    for sign in text:
        category = unicodedata.category(sign)
        if category == "Nd":
            signs.append(str(unicodedata.decimal(sign)))
        elif sign.isspace():
            signs.append("\n" if sign in "\r\n" else " ")
        elif category in ("Cf", "Cc", "Cs", "Co", "Cn"):
            _note(repairs, "invisible_marks")
        else:
            signs.append(sign)
    if any(sign.isdecimal() and not sign.isascii() for sign in cell):
        _note(repairs, "local_digits")
    return "".join(signs)


def _note(repairs: list[str], code: str) -> None:
    if code not in repairs:
        repairs.append(code)
