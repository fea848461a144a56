"""What lists call a country. [pure]"""

from __future__ import annotations

import phonenumbers

from shared.domain.phone_number import is_region

_NAMES = """
IN: india, bharat, hindustan, भारत, ind, इंडिया
US: united states, united states of america, usa, america, अमेरिका
CA: canada, can, कनाडा
GB: united kingdom, uk, great britain, england, gbr, ब्रिटेन
AE: united arab emirates, uae, dubai, are
SG: singapore, sgp
AU: australia, aus
NZ: new zealand, nzl
DE: germany, deutschland, deu
FR: france, fra
ES: spain, españa, esp
IT: italy, italia, ita
NL: netherlands, holland, nld
BE: belgium
CH: switzerland, schweiz
AT: austria, österreich
IE: ireland
PT: portugal
PL: poland, polska
SE: sweden
NO: norway
DK: denmark
FI: finland
BR: brazil, brasil
MX: mexico, méxico
ZA: south africa
SA: saudi arabia, ksa
QA: qatar
OM: oman
KW: kuwait
BH: bahrain
NP: nepal, नेपाल
BD: bangladesh, बांग्लादेश
LK: sri lanka, श्रीलंका
PK: pakistan
MY: malaysia
ID: indonesia
PH: philippines
TH: thailand
VN: vietnam
JP: japan
KR: south korea, korea
CN: china
HK: hong kong
RU: russia
TR: turkey, türkiye
IL: israel
EG: egypt
NG: nigeria
KE: kenya
"""
_REGION_OF = {
    name.strip(): code
    for line in _NAMES.strip().splitlines()
    for code, _, names in [line.partition(":")]
    for name in names.split(",")
}


def region_named(cell: str) -> str | None:
    """The ISO code of the country a cell names (a name, a code, or a country code such as +91); None: nobody knows."""
    name = " ".join(cell.casefold().replace(".", " ").split())
    if name.upper() in _REGION_OF.values() or is_region(name.upper()):
        return name.upper()
    if name in _REGION_OF:
        return _REGION_OF[name]
    compact = name.replace(" ", "")
    if compact in _REGION_OF:
        return _REGION_OF[compact]
    digits = compact.removeprefix("+").removeprefix("00")
    if digits.isascii() and digits.isdigit() and len(digits) <= 3:
        region = phonenumbers.region_code_for_country_code(int(digits))
        return region if is_region(region) else None
    return None
