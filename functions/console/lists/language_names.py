"""What lists call a language, in English, in Hindi and in the language itself, and its tag. [pure]"""

from __future__ import annotations

import re
import unicodedata

_NAMES = """
hi: hindi, हिंदी, हिन्दी, hinglish, हिंग्लिश, hin, hindi english, hindustani, khari boli
en: english, अंग्रेजी, अंग्रेज़ी, इंग्लिश, angrezi, angreji, eng
bn: bengali, bangla, বাংলা, बंगाली, बांग्ला, ben
te: telugu, తెలుగు, तेलुगु, तेलुगू, tel
mr: marathi, मराठी, mar
ta: tamil, தமிழ், तमिल, tam
gu: gujarati, ગુજરાતી, गुजराती, guj
kn: kannada, ಕನ್ನಡ, कन्नड़, kan
ml: malayalam, മലയാളം, मलयालम, mal
pa: punjabi, panjabi, ਪੰਜਾਬੀ, पंजाबी, pan
or: odia, oriya, ଓଡ଼ିଆ, ओड़िया, उड़िया, ori
as: assamese, অসমীয়া, असमिया, asm
ur: urdu, اردو, उर्दू, urd
ne: nepali, नेपाली, nep
sa: sanskrit, संस्कृतम्, संस्कृत, san
kok: konkani, कोंकणी
sd: sindhi, सिंधी, سنڌي
mai: maithili, मैथिली
bho: bhojpuri, भोजपुरी
doi: dogri, डोगरी
ks: kashmiri, कश्मीरी, کٲشُر
mni: manipuri, meitei, मणिपुरी
sat: santali, संथाली, ᱥᱟᱱᱛᱟᱲᱤ
brx: bodo, बोडो
ar: arabic, العربية, अरबी
de: german, deutsch, जर्मन
es: spanish, español, castellano, स्पेनिश
fr: french, français, फ्रेंच, फ़्रांसीसी
it: italian, italiano, इतालवी
pt: portuguese, português, पुर्तगाली
nl: dutch, nederlands, डच
pl: polish, polski, पोलिश
ru: russian, русский, रूसी
uk: ukrainian, українська, यूक्रेनी
tr: turkish, türkçe, तुर्की
ja: japanese, 日本語, जापानी
ko: korean, 한국어, कोरियाई
zh: chinese, mandarin, 中文, 普通话, चीनी
th: thai, ไทย, थाई
vi: vietnamese, tiếng việt, वियतनामी
id: indonesian, bahasa indonesia, इंडोनेशियाई
ms: malay, bahasa melayu, मलय
fil: filipino, tagalog
ro: romanian, română
cs: czech, čeština
hu: hungarian, magyar
sv: swedish, svenska
da: danish, dansk
fi: finnish, suomi
no: norwegian, norsk
el: greek, ελληνικά
he: hebrew, עברית
fa: persian, farsi, فارسی
si: sinhala, sinhalese, සිංහල
sw: swahili, kiswahili
"""
_TAG = re.compile("([a-z]{2,3})(?:[-_ ]([a-z]{4}))?(?:[-_ ]([a-z]{2}))?")


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().replace("-", " ").split())


_TAG_OF = {
    _key(name): tag.strip()
    for line in _NAMES.strip().splitlines()
    for tag, _, names in [line.partition(":")]
    for name in names.split(",")
}
LANGUAGES = frozenset(_TAG_OF.values())
"""Tags of the languages that a list may name."""


def language_tag(cell: str) -> str | None:
    """The BCP-47 tag (hi, en-IN) of what a language cell says; "" when it is empty, None when nobody can tell.

    Of several languages in a cell the first one counts.
    """
    name = _key(re.split(r"[/,;|&(+]", cell)[0])
    if not name:
        return None if cell.strip() else ""
    if tag := _TAG_OF.get(name) or _TAG_OF.get(name.removesuffix(" language").removesuffix(" भाषा")):
        return tag
    found = _TAG.fullmatch(name)
    if found is None or found.group(1) not in LANGUAGES:
        return None
    return f"{found.group(1)}-{found.group(3).upper()}" if found.group(3) else found.group(1)
