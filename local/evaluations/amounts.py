"""Which amounts of money somebody named: digits or words, English or Hindi, next to a currency. [pure]"""

from __future__ import annotations

import re
from collections.abc import Sequence

from local.evaluations.wording import words_of

_EN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_HI = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस "
    "इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस "
    "उनतालीस चालीस इकतालीस बयालीस तैंतालीस चवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन "
    "पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर "
    "तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी "
    "नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पंचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे"
).split()
_SMALL = {words_of(word)[0]: number for number, word in enumerate(_EN)}
_SMALL |= {word: 20 + 10 * n for n, word in enumerate(_EN_TENS)}
_SMALL |= {words_of(word)[0]: number for number, word in enumerate(_HI)}
_SMALL |= {words_of("छः")[0]: 6, words_of("छै")[0]: 6, words_of("पांच")[0]: 5}
_TIMES = {
    words_of(word)[0]: factor
    for factor, said in {100: "hundred सौ", 1_000: "thousand हज़ार", 100_000: "lakh लाख", 1_000_000: "million"}.items()
    for word in said.split()
}
CURRENCY = frozenset(
    word
    for said in "rupee rupees rs inr रुपये रुपए रुपया रुपयों euro euros eur यूरो dollar dollars usd डॉलर pound pounds".split()
    for word in words_of(said)
)
_SIGNS = {"₹": " rupees ", "€": " euros ", "$": " dollars ", "£": " pounds "}


def amounts(text: str) -> list[int]:
    """Every amount that stands before or after a currency, in whole units, in their order."""
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    text = re.sub(r"(?<=\d),(?=\d)", "", re.sub(r"(\d)\.\d+", r"\1", text))
    return [amount for clause in re.split(r"[,;:.?!।]", text) for amount in _in_clause(words_of(clause))]


def _in_clause(words: Sequence[str]) -> list[int]:
    found: list[int] = []
    at = 0
    while at < len(words):
        length = _run(words, at)
        if not length:
            at += 1
            continue
        before = words[at - 1] if at else ""
        after = words[at + length] if at + length < len(words) else ""
        if before in CURRENCY or after in CURRENCY:
            found.append(_value(words[at : at + length]))
        at += length
    return found


def _is_number(word: str) -> bool:
    return word.isdecimal() or word in _SMALL or word in _TIMES


def _run(words: Sequence[str], start: int) -> int:
    """How many words from here on are one number; "and" counts inside one."""
    end = start
    while end < len(words):
        inside = words[end] == "and" and end > start and end + 1 < len(words) and _is_number(words[end + 1])
        if not _is_number(words[end]) and not inside:
            break
        end += 1
    return end - start


def _value(words: Sequence[str]) -> int:
    total = part = 0
    for word in words:
        if word in _TIMES:
            factor = _TIMES[word]
            if factor == 100:
                part = (part or 1) * 100
            else:
                total, part = total + (part or 1) * factor, 0
        elif word != "and":
            part += int(word) if word.isdecimal() else _SMALL[word]
    return total + part
