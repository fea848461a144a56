"""What people say who do not want to be called again, and what only sounds like it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.domain.opt_out_phrases import OPT_OUT_KEY, PhraseList, opt_out, phrase_lists
from shared.domain.packaged import packaged_yaml
from shared.domain.spelling import folded, roman_folded

LAUNCH_LANGUAGES = "en hi mr bn ta te kn ml gu pa ur as or es fr de pt it nl ar ja ko id zh".split()

ENGLISH = """
    Stop.
    stop, please
    No, stop!
    Stop. Stop calling.
    Please stop calling me
    Stop calling this number
    Stop all these calls
    quit calling me
    Don't call me again.
    Don’t call me
    Please do not call me anymore
    please don't call
    Not interested, don't call.
    Do not contact us again
    don't you ever call me again
    never call me again
    Never call this number
    I don't want any more calls
    I do not want to be called
    I don't want you to call me
    we don't want to receive such calls
    I don't want anyone from your company calling me
    no more calls please
    Remove my number.
    remove my phone number from your system
    remove me from your list
    delete my details
    take me off your list
    Take my name off
    get me off your calling list
    put me on your do not call list
    I'd like to opt out
    opt me out
    Unsubscribe.
    lose my number
    leave me alone
    I am on DND
    I said stop
    okay okay stop it now please
""".strip().split("\n")

HINDI = """
    मुझे कॉल मत करो
    मुझे कॉल मत कीजिए
    मुझे कॉल मत कीजिये
    फोन मत करना
    फ़ोन मत करना
    दोबारा कॉल मत करना
    दोबारा फ़ोन मत कीजिएगा प्लीज़
    मुझे फिर से कॉल मत करिएगा
    आगे से फोन नहीं करना
    कॉल मुझे दोबारा मत करना
    मत करो कॉल
    नंबर हटा दो
    मेरा नम्बर हटा दीजिए
    मेरा नंबर अपनी लिस्ट से निकाल दो
    नंबर डिलीट कर दीजिये
    बंद करो
    ये सब बंद करो
    कॉल करना बंद करो
    फ़ोन करना बन्द कर दीजिए
    मुझे परेशान मत करो
    तंग मत करो यार
    मुझे ये कॉल नहीं चाहिए
    मुझे कॉल नहीं आना चाहिए
    डीएनडी है मेरा नंबर
    स्टॉप
    जी स्टॉप
    कॉल ना करें
""".strip().split("\n")

HINGLISH = """
    call mat karo
    Call math karo
    mujhe call mat kijiye
    dobara phone mat karna
    dubara fon mat krna
    Mujhe phone mat kijiyega please
    aap mujhe dobara call mat kariye ji
    phir se call mat karna
    mat karo call yaar
    call karo mat
    mujhe call na kare
    aage se call nahi karna
    aaj ke baad call mat karna
    number hata do
    mera number list se nikal do
    naam hatao list se
    number delete kar dijiye
    DND hai
    mera number DND pe hai
    pareshan mat karo
    disturb mat kijiye
    call karna band karo
    phone karna bandh kar dijiye
    calls band karo
    band karo ye call
    band karo
    stop karo
    stop kar do yaar
    bas stop
    mujhe call nahi chahiye
    mere paas call nahi aana chahiye
    call मत करो
    mujhe कॉल mat karo
""".strip().split("\n")

NOT_MEANT = """
    Don't stop.
    don't stop calling me
    never stop
    I didn't say stop
    bus stop
    bus stop ke paas hoon
    stop kab tak hai
    next stop kaunsa hai
    the bus doesn't stop here
    non-stop kaam hai
    stop loss kya hota hai
    can you stop by tomorrow
    call mat kaatna
    call mat katna please
    phone mat rakhna
    phone mat kaatiye
    please don't hang up
    Don't call me now, call me tomorrow.
    don't call before five
    don't call me at work
    Don't call me sir.
    don't remove my number
    please do not unsubscribe me
    they don't call me
    if you don't call me I will be sad
    call me back
    I'll call you
    can you call again?
    my phone is not working
    not interested
    what is my number
    अभी फोन मत करो, शाम को करना
    अभी कॉल मत कीजिए, मीटिंग में हूँ
    मुझे अभी कॉल मत करो
    मेरा नंबर मत हटाना
    abhi call mat karo baad me karna
    subah phone mat karna, shaam ko karna
    itni raat ko call mat karo
    number mat hatao
    call karna mat bhoolna
    call karo na
    call mat karna band
    call kar lo
    mujhe call karo
    kya aap call karoge
    call kat gaya tha
    phone nahi lag raha
    number kya hai
    chinta mat karo
    kuch mat karo
    मत करो
    रुकिए
    एक मिनट रुको
    हाँ बोलिए
    main call nahi karta
    DND kya hota hai
    theek hai
    haan ji
""".strip().split("\n")

ELSEWHERE = {
    "mr": "मला परत फोन करू नका",
    "bn": "দয়া করে আর ফোন করবেন না",
    "ta": "எனக்கு இனிமே கால் பண்ணாதீங்க",
    "te": "దయచేసి మళ్లీ కాల్ చేయొద్దు",
    "kn": "ದಯವಿಟ್ಟು ಮತ್ತೆ ಕಾಲ್ ಮಾಡಬೇಡಿ",
    "ml": "ദയവായി ഇനി വിളിക്കരുത്",
    "gu": "મને ફરી ફોન ના કરશો",
    "pa": "ਮੈਨੂੰ ਦੁਬਾਰਾ ਕਾਲ ਨਾ ਕਰੋ",
    "ur": "مجھے دوبارہ کال مت کریں",
    "as": "মোক আৰু ফোন নকৰিব",
    "or": "ମୋତେ ଆଉ କଲ୍ କରନ୍ତୁ ନାହିଁ",
    "es": "Por favor, no me llamen más.",
    "fr": "Ne m’appelez plus, s’il vous plaît.",
    "de": "Rufen Sie mich bitte nicht mehr an!",
    "pt": "Não me ligue mais, por favor.",
    "it": "Non mi chiamate più.",
    "nl": "Bel me niet meer alstublieft.",
    "ar": "لا تتصل بي مرة أخرى",
    "ja": "もう電話しないでください。",
    "ko": "다시는 전화하지 마세요.",
    "id": "Tolong jangan telepon saya lagi.",
    "zh": "请不要再给我打电话了。",
}


@pytest.mark.parametrize("said", [line.strip() for line in ENGLISH])
def test_an_opt_out_in_english(said: str) -> None:
    heard = opt_out(said, ["en"])
    assert heard is not None
    assert heard.language == "en"
    assert heard.words in folded(said)


@pytest.mark.parametrize("said", [line.strip() for line in (*HINDI, *HINGLISH)])
def test_an_opt_out_in_hindi_and_in_roman_letters(said: str) -> None:
    heard = opt_out(said, ["hi"])
    assert heard is not None
    assert heard.language == "hi"
    assert heard.words in roman_folded(folded(said))


@pytest.mark.parametrize("said", [line.strip() for line in NOT_MEANT])
def test_what_only_sounds_like_it(said: str) -> None:
    assert opt_out(said) is None


@pytest.mark.parametrize(("language", "said"), ELSEWHERE.items())
def test_an_opt_out_in_every_other_launch_language(language: str, said: str) -> None:
    heard = opt_out(said, [language])
    assert heard is not None
    assert heard.language == language


def test_all_launch_languages_have_a_list_and_say_who_checked_it() -> None:
    assert sorted(phrase_lists()) == sorted(LAUNCH_LANGUAGES)
    checked = {language for language, phrases in phrase_lists().items() if phrases.checked_by == "engineer"}
    assert checked == {"en", "hi"}
    assert sorted(ELSEWHERE) == sorted(set(LAUNCH_LANGUAGES) - checked)


@pytest.mark.parametrize("language", LAUNCH_LANGUAGES)
def test_every_phrase_of_a_list_is_heard(language: str) -> None:
    written = packaged_yaml("opt_out_phrases.yaml")[language]
    for phrase in (*written["anywhere"], *written["alone"]):
        if not set(phrase) & set("{*$"):
            assert opt_out(phrase, [language]) is not None, phrase


@pytest.mark.parametrize("language", sorted(set(LAUNCH_LANGUAGES) - {"en", "hi"}))
def test_not_now_is_not_never(language: str) -> None:
    for phrase in packaged_yaml("opt_out_phrases.yaml")[language].get("unless", ()):
        assert phrase_lists()[language].heard(folded(phrase)) is None, phrase


def test_people_fall_back_on_their_own_language() -> None:
    heard = opt_out("no me llamen más", ["hi", "en-IN", "xx"])
    assert heard is not None
    assert heard.language == "es"


def test_evidence_names_the_phrase_and_the_words() -> None:
    heard = opt_out("Arre bhai, mujhe dobara CALL mat karna, samjhe?")
    assert heard is not None
    assert heard.phrase == "{call} {me}? {again}? {not} {do}"
    assert heard.words == "cal mat karna"


def test_a_time_limit_beside_a_plain_no_does_not_take_it_back() -> None:
    assert opt_out("don't call me now. In fact, never call me again") is not None
    assert opt_out("abhi call mat karo, aur dobara phone mat karna") is not None


def test_the_key_that_says_the_same() -> None:
    assert OPT_OUT_KEY == "9"


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("said", ["मुझे फ़ोन मत कीजिए", "ফোন করবেন না", "no me llamen más", "STOP CALLING ME"])
def test_the_way_letters_are_encoded_does_not_matter(said: str, form: str) -> None:
    assert opt_out(unicodedata.normalize(form, said)) is not None  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    heard = opt_out(text)
    assert heard is None or heard.language in LAUNCH_LANGUAGES


@settings(deadline=None)
@given(st.text(max_size=80))
def test_folding_twice_is_folding_once(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    assert roman_folded(roman_folded(once)) == roman_folded(once)


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("Don’t", "dont"),
        ("फ़ोन", "फोन"),
        ("कीजिये", "किजिए"),
        ("आयी", "आई"),
        ("हूँ", "हुं"),
        ("नम्बर", "नंबर"),
        ("बन्द", "बंद"),
        ("Ｓｔｏｐ！", "stop"),
        ("۹ नौ ९", "9 नौ 9"),
        ("Más", "mas"),
        ("كَال", "کال"),
        ("a​b", "ab"),
        ("  a,\tb ", "a b"),
    ],
)
def test_spellings_that_are_one(written: str, same: str) -> None:
    assert folded(written) == folded(same)


@pytest.mark.parametrize(
    ("written", "same"), [("math", "mat"), ("phone", "fone"), ("karoo", "karu"), ("wapas", "vapas")]
)
def test_romanised_spellings_that_are_one(written: str, same: str) -> None:
    assert roman_folded(written) == roman_folded(same)


def test_a_list_with_a_slip_is_refused() -> None:
    with pytest.raises(ValidationError):
        PhraseList("xx", {"checked": "nobody", "anywhere": ["stop"], "alone": [], "unles": []})
    with pytest.raises(KeyError):
        PhraseList("xx", {"checked": "nobody", "anywhere": ["{cal} me"], "alone": []})
