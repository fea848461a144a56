"""Which language a line is in, told by its script and, in Latin letters, by Hindi's commonest words."""

from __future__ import annotations

import re

SCRIPTS: dict[str, tuple[int, int]] = {
    "hi": (0x0900, 0x097F),
    "bn": (0x0980, 0x09FF),
    "pa": (0x0A00, 0x0A7F),
    "gu": (0x0A80, 0x0AFF),
    "or": (0x0B00, 0x0B7F),
    "ta": (0x0B80, 0x0BFF),
    "te": (0x0C00, 0x0C7F),
    "kn": (0x0C80, 0x0CFF),
    "ml": (0x0D00, 0x0D7F),
    "ur": (0x0600, 0x06FF),
}
"""Unicode blocks. Devanagari also writes Marathi and Nepali, which a line alone cannot always tell apart."""

ROMAN_HINDI = frozenset(
    """aap aapka aapki aapko mujhe mera meri mere hum humein hai hain hoon tha thi nahi nahin haan ji kya kab
    kahan kaise kitna kitne kitni kyun karna karo kijiye kar raha rahi rahe chahiye abhi baad kal aaj shaam subah
    bhi aur toh ka ki ke ko mein yeh woh accha achha theek thik bolo bataiye batao dijiye baje dobara
    mat phir waqt samay zaroor shukriya dhanyavaad namaste""".split()
)
"""Function words that no English sentence uses; two of them, or one in three words, make a line Hinglish."""


def language_of(text: str) -> str | None:
    """ "hi", "en", another Indian language by script, "hi-en" where Hindi and English mix; None without letters."""
    counts = dict.fromkeys(SCRIPTS, 0)
    latin = re.findall(r"[A-Za-z]{2,}", text)
    for sign in text:
        for language, (first, last) in SCRIPTS.items():
            if first <= ord(sign) <= last:
                counts[language] += 1
                break
    language, signs = max(counts.items(), key=lambda item: item[1])
    if not signs:
        return _latin(latin)
    if language == "hi" and len(latin) >= 2:
        return "hi-en"
    return language


def _latin(words: list[str]) -> str | None:
    if not words:
        return None
    hindi = sum(1 for word in words if word.lower() in ROMAN_HINDI)
    return "hi-en" if hindi >= 2 or hindi * 3 >= len(words) else "en"
