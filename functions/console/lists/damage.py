"""Recognises text that a program spoiled before it came to us: lost letters, or the wrong encoding. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LOST = re.compile(r"(?:^|[\s(,./-])\?{2,}(?:$|[\s),./-])")
"""Words of nothing but question marks: what Excel writes into a CSV for each letter that its code page lacks."""
_GARBLED = re.compile("\u00e0[\u00a4\u00a5]")
"""Hindi in UTF-8, read in the code page of Western Europe."""


def damage_in(cells: Iterable[str]) -> str | None:
    """text_lost, text_garbled, or None."""
    for cell in cells:
        if "?" in cell and _LOST.search(cell):
            return "text_lost"
        if "\ufffd" in cell:
            return "text_lost"
        if _GARBLED.search(cell):
            return "text_garbled"
    return None
