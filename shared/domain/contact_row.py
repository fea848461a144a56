"""A row of a contact list: what it says, and the one class it ends in. [pure]"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from shared.domain.calling_rules import Purpose


class RowClass(StrEnum):
    """Where a row ends. Every row of a file has exactly one."""

    OK = "ok"
    REPAIRED = "repaired"
    """Can be called; the number or the row was mended on the way, which the row says."""
    DUPLICATE = "duplicate"
    """An earlier row of the file has the same number."""
    INVALID = "invalid"
    """No number that may be dialled."""
    SUPPRESSED = "suppressed"
    """The number must not be called by anybody of this account."""
    NO_CONSENT = "no_consent"
    TZ_UNKNOWN = "tz_unknown"
    """Nobody can tell what time it is where the contact is."""


CALLABLE = frozenset({RowClass.OK, RowClass.REPAIRED})

Consent = Literal["granted", "denied", "unknown"]
CONSENTS: tuple[Consent, ...] = ("granted", "denied", "unknown")


class ContactRow(NamedTuple):
    """A row, read and classified. A named tuple: a list makes a million, at a third of a dataclass's cost."""

    row: int
    """As a spreadsheet numbers it: a header in the first line is row 1."""
    row_class: RowClass
    original: list[str]
    """The cells as they came."""
    variables: dict[str, str]
    """The columns with no meaning of their own, by their safe names. Data, never instructions."""
    reason: str = ""
    """A code; empty for ok."""
    explanation: str = ""
    fix: str = ""
    phone: str = ""
    """E.164, or empty."""
    number_hash: str = ""
    country: str = ""
    """ISO 3166 code of the number's plan."""
    extension: str = ""
    """Digits to send once the call is answered."""
    alternate: str = ""
    """Another number of the same contact, E.164; for people to look up, never called while the first is one."""
    name: str = ""
    language: str = ""
    """BCP-47 tag, or empty: the campaign's."""
    timezone: str = ""
    """As the list has it, like state and postal code."""
    zones: tuple[str, ...] = ()
    """Every time zone the contact may be in."""
    zone_source: str = ""
    """What told the zones: contact, postal_code, state, number or country; empty: nothing did."""
    states: tuple[str, ...] = ()
    """Every state whose law may hold."""
    state: str = ""
    postal_code: str = ""
    consent: Consent = "unknown"
    consent_at: datetime | None = None
    """Aware."""


REASONS: dict[str, tuple[str, str]] = {
    "suppressed": ("This number asked not to be called, or is barred for another reason.", "It will not be called."),
    "consent_denied": ("The contact has not consented to be called.", "Ask for consent by another way."),
    "consent_unknown": (
        "The list does not say that this contact has consented, which marketing needs.",
        "Write yes in the consent column where you hold the consent.",
    ),
    "timezone_unreadable": ("Nobody knows the time zone that the row names.", "Write a name such as Asia/Kolkata."),
    "timezone_unknown": (
        "The number does not tell where the contact is, so nobody knows what time it is there.",
        "Fill in a time zone, a postal code or a state.",
    ),
    "empty_row": ("The row is empty.", "Take it out, or fill it in."),
    "row_too_long": ("The row is too long to be a row of a list.", "Look for a missing line end or a stray quote."),
}
"""What is said of a row that is refused for another reason than its number: sentence and way out."""


_DROPPED = {0x093C: None, 0xFE0F: None, ord("-"): " "}
"""The nukta, which writers leave out, the sign that makes an emoji of a tick, and hyphens."""


def duplicate_of(first: int) -> tuple[str, str, str]:
    """Reason, sentence and way out of a row whose number row `first` has."""
    return "duplicate", f"Row {first} has the same number and is kept.", "Nothing has to be done."


WITHDRAWN = "consent_withdrawn"


def withdrawn(row: int, by: int) -> tuple[str, str, str]:
    """Reason, sentence and way out of a row to whose number row `by`, which may be itself, says no."""
    if row == by:
        return "consent_denied", *REASONS["consent_denied"]
    told = f"Row {by} has the same number and says no; a no counts more than a yes."
    return WITHDRAWN, told, f"Ask for consent by another way; if the no is a mistake, mend row {by}."


def _words(text: str) -> frozenset[str]:
    return frozenset(_key(word) for word in text.split("|"))


def _key(word: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", word).casefold().translate(_DROPPED).split())


_GRANTED = _words(
    "yes|y|true|t|1|1.0|granted|grant|given|ok|okay|agreed|agree|accepted|consented|opt in|opted in|optin|subscribed"
    "|allow|allowed|express|written|express written|✓|✔|हाँ|हां|हा|जी हाँ|जी|सहमत|स्वीकृत"
    "|अनुमति है|haan|han|ha|ji|ji haan|sahmat"
)
_DENIED = _words(
    "no|n|false|f|0|0.0|denied|refused|declined|rejected|revoked|withdrawn|opt out|opted out|optout|unsubscribed|stop"
    "|dnd|dnc|do not call|not given|✗|✘|❌|नहीं|नही|ना|न|जी नहीं|असहमत|अस्वीकृत|मना|nahi|nahin|na|ji nahi|mana|asahmat"
)
_UNKNOWN = _words("|unknown|none|-|?|null|nan|not known|pending|not asked|पता नहीं|pata nahi|n/a|#n/a|tbd")


def consent_meant(cell: str) -> Consent | None:
    """What a consent cell says; None for a word nobody knows, which counts as unknown."""
    word = _key(cell).strip(" .!'\"")
    if word in _GRANTED:
        return "granted"
    if word in _DENIED:
        return "denied"
    return "unknown" if word in _UNKNOWN else None


def consent_refusal(consent: Consent, purpose: Purpose) -> str | None:
    """The reason why this purpose may not call with this consent: marketing needs a yes, the others no no."""
    if consent == "denied":
        return "consent_denied"
    return "consent_unknown" if purpose is Purpose.MARKETING and consent != "granted" else None
