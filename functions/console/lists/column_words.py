"""What marketers call the columns that mean something to Parley: in English, in Hindi, in Latin letters. [pure]"""

from __future__ import annotations

import re
import unicodedata

_WORDS: dict[str, str] = {
    "phone": """phone | phone number | phone no | mobile | mobile number | mobile no | mobile num
        | mob | mob no | mobno | contact number | contact no | contact phone
        | contact mobile | customer phone | customer mobile | primary phone | primary mobile
        | registered mobile | registered mobile number | rmn | cell | cell phone | cellphone
        | cell number | telephone | telephone number | tel | tel no | phone 1 | phone1
        | mobile 1 | mobile1 | ph | ph no | msisdn | to number | to | whatsapp
        | whatsapp number | whatsapp no | calling number | number | num | contact | फोन
        | फोन नंबर | फोन न | मोबाइल | मोबाइल नंबर | मोबाइल न | मोबाईल | मोबाईल नंबर | दूरभाष
        | दूरभाष संख्या | संपर्क | संपर्क नंबर | सम्पर्क | सम्पर्क नंबर | व्हाट्सएप
        | व्हाट्सएप नंबर | व्हाट्सऐप | नंबर | नम्बर | फोन नम्बर | मोबाइल नम्बर | fon
        | fon number | fon nambar | mobail | mobail number | mobail nambar | mobile nambar
        | sampark | sampark number | sampark nambar | durbhash | doorbhash | nambar""",
    "alternate_phone": """alternate phone | alternate number | alternate no | alternate mobile | alt phone
        | alt mobile | alt number | alt no | secondary phone | secondary mobile
        | second phone | second number | other phone | phone 2 | phone2 | mobile 2 | mobile2
        | phone number 2 | home phone | work phone | office phone | landline | residence
        | residence phone | वैकल्पिक नंबर | दूसरा नंबर | दूसरा फोन | vaikalpik number
        | dusra number | doosra number""",
    "name": """name | full name | customer name | contact name | client name | lead name
        | person name | borrower name | member name | patient name | student name
        | first name | firstname | fullname | given name | customer | नाम | पूरा नाम
        | ग्राहक का नाम | ग्राहक नाम | नाम पूरा | naam | pura naam | poora naam
        | grahak ka naam | grahak naam""",
    "language": """language | lang | preferred language | preferred lang | language preference
        | spoken language | call language | mother tongue | locale | भाषा | पसंदीदा भाषा
        | मातृभाषा | बोली | bhasha | bhaasha | bhasa | matrubhasha""",
    "timezone": """timezone | time zone | tz | iana timezone | local timezone | समय क्षेत्र | टाइमजोन
        | टाइम जोन | samay kshetra""",
    "state": """state | state province | province | region | state code | state name | state ut
        | राज्य | प्रदेश | प्रांत | rajya | pradesh""",
    "postal_code": """postal code | postcode | post code | postalcode | zip | zip code | zipcode | pin
        | pin code | pincode | पिन | पिन कोड | पिनकोड | डाक कोड | pin kod""",
    "country": """country | country code | country name | nation | देश | desh""",
    "consent": """consent | consented | consent given | consent status | opt in | optin | opted in
        | opt in status | permission | marketing consent | call consent | can call
        | ok to call | agreed | सहमति | अनुमति | मंजूरी | sahmati | sahamati | anumati
        | manjuri""",
    "consent_at": """consent at | consent date | consent time | consent timestamp | consented at
        | consented on | consent given at | consent given on | opt in date | optin date
        | opt in at | opt in timestamp | opted in at | सहमति तारीख | सहमति की तारीख
        | सहमति तिथि | सहमति दिनांक | sahmati tarikh | sahmati ki tarikh | sahmati date""",
}

FIELDS = tuple(_WORDS)
"""What a column can mean. Any other column is a variable for the agent."""

_PHONE_WORDS = frozenset(
    "phone mobile mob whatsapp cell telephone tel फोन मोबाइल मोबाईल दूरभाष व्हाट्सएप mobail fon".split()
)
_NO_PHONE = frozenset("type model brand name plan operator os status carrier company agent source verified".split())


_NUKTA = "\u093c"


def words_of(header: str) -> str:
    """A header for comparing: small letters, single spaces, no punctuation, फ़ like फ."""
    text = unicodedata.normalize("NFKC", header).casefold().replace(_NUKTA, "")
    signs = (sign if sign.isalnum() or unicodedata.category(sign) in ("Mn", "Mc") else " " for sign in text)
    return " ".join("".join(signs).split())


_MEANINGS = {
    words_of(word): (field, rank) for field, words in _WORDS.items() for rank, word in enumerate(words.split("|"))
}


def meaning(header: str) -> tuple[str, int] | None:
    """The field a header means, and how plainly (0 is the plainest word for it); None for a variable."""
    return _MEANINGS.get(words_of(header)) or _MEANINGS.get(words_of(re.sub("([a-z])([A-Z])", r"\1 \2", header)))


def sounds_like_phone(header: str) -> bool:
    """A phone's word stands among others: Customer Mobile (primary)."""
    words = set(words_of(header).split())
    return bool(words & _PHONE_WORDS) and not words & _NO_PHONE
