"""Which encoding a text file is in, told from its first bytes. [pure]"""

from __future__ import annotations

import codecs
import re

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ESCAPED = re.compile("[\udc80-\udcff]")
_ENOUGH_ZEROS = 0.2
"""Digits, commas and line ends have a zero byte in UTF-16 even where the names are Hindi."""


def text_encoding(head: bytes) -> str:
    """The codec's name: utf-8(-sig), utf-16(-le, -be), utf-32 or cp1252, which takes whatever is left."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    pairs = max(1, len(head) // 2)
    even, odd = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    if odd > _ENOUGH_ZEROS and even < odd / 10:
        return "utf-16-le"
    if even > _ENOUGH_ZEROS and odd < even / 10:
        return "utf-16-be"
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(head)
    strays = len(_ESCAPED.findall(text))
    beyond_ascii = sum(1 for sign in text if not sign.isascii()) - strays
    return "utf-8" if strays <= beyond_ascii / 10 else "cp1252"


def error_rule(encoding: str) -> str:
    """How bytes that do not fit are decoded: kept apart for mending (see mended_text), or replaced."""
    return "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def mended_text(text: str) -> str:
    """Bytes that were no UTF-8 (a cell pasted from another program) read as cp1252."""
    return _ESCAPED.sub(lambda found: bytes([ord(found.group()) - 0xDC00]).decode("cp1252", "replace"), text)
