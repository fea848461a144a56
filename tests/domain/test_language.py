"""Which language a turn is in: short, mixed, spelled in other letters, and nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from local.dialogues import all_dialogues
from shared.domain.call import Speaker
from shared.domain.language import LATIN_LANGUAGES, Tag, Tagger, decided, py3langid
from shared.domain.language_use import LanguageUse, Policy, Said, is_outside, language_use
from shared.domain.spoken_lines import NAMES, all_lines, words
from shared.store.agents import shipped_agents
from tests.domain.test_opt_out_phrases import ELSEWHERE, ENGLISH, HINDI, LAUNCH_LANGUAGES

PLAIN = Tagger()
FULL = Tagger(py3langid())
LABELLED = Path(__file__).parents[2] / "bench" / "language_turns.yaml"
CLINIC = ("en-IN", "hi-IN")


@pytest.mark.parametrize(
    ("text", "language", "script"),
    [
        ("Kal subah aana hai, kitne baje?", "hi", "Latn"),
        ("कल सुबह आना है", "hi", "Deva"),
        ("doctor ki fees kitni hai", "hi-en", "Latn"),
        ("नहीं, thank you so much. Bye!", "hi-en", "Deva+Latn"),
        ("एक मिनट रुकिए। आपकी अपॉइंटमेंट पक्की हो गई है।", "hi", "Deva"),  # words that Hindi has taken in
        ("प्लीज़ कॉल बैक कर दीजिए", "hi-en", "Deva"),
        ("थैंक यू सो मच", "en", "Deva"),
        ("What do you charge?", "en", "Latn"),
        ("मला उद्या यायचे आहे", "mr", "Deva"),
        ("எனக்கு appointment வேண்டும் tomorrow", "ta-en", "Taml+Latn"),
        ("はい、東京です", "ja", "Jpan"),
        ("ৰাতিপুৱা আহিম", "as", "Beng"),
        ("До свидания, спасибо", "ru", "Cyrl"),
        ("12 345", None, None),
        ("", None, None),
    ],
)
def test_a_turn_has_a_language_and_the_letters_it_was_written_in(
    text: str, language: str | None, script: str | None
) -> None:
    for tagger in (PLAIN, FULL):
        tag = tagger.tag(text, CLINIC if language in {"hi", "hi-en", "en"} else ())
        assert (tag.language, tag.script) == (language, script)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("When are you open on Monday?", "en"),
        ("We are open from nine in the morning to seven in the evening.", "en"),
        ("कल सुबह आना है", "hi"),
        ("doctor ki fees kitni hai", "hi-en"),
        ("எனக்கு நாளை வர வேண்டும்", "ta"),
    ],
)
def test_a_usual_turn_does_not_wait_for_the_detector(text: str, language: str) -> None:
    def never(asked: str) -> dict[str, float]:
        raise AssertionError(asked)

    assert Tagger(never).tag(text, CLINIC).language == language


LIKELIHOODS = st.lists(st.floats(0, 1), min_size=len(LATIN_LANGUAGES), max_size=len(LATIN_LANGUAGES))


@given(st.lists(st.integers(0, 12), min_size=8, max_size=8), LIKELIHOODS, st.sampled_from([0.8, 3.0]))
def test_the_detector_could_not_change_what_is_decided_without_it(
    halves: list[int], chances: list[float], weight: float
) -> None:
    known = {one: half / 2 for one, half in zip(LATIN_LANGUAGES, halves, strict=True)}
    first = decided(known, weight)
    whole = max(1.0, sum(chances))
    score = {one: known[one] + weight * chance / whole for one, chance in zip(known, chances, strict=True)}
    for against in known if first is not None else ():
        most = {**known, against: known[against] + weight}
        for says in (score, most):
            best, second = sorted(says, key=lambda one: -says[one])[:2]
            assert best == first
            assert says[best] - says[second] >= 1.0


@pytest.mark.parametrize("text", ["कल सुबह आना है", "मला उद्या यायचे आहे", "नाम", "सर कल"])
@pytest.mark.parametrize("expected", [(), ("hi",), ("mr",), ("hi", "mr")])
def test_of_hindi_and_marathi_the_detector_is_asked_only_where_it_matters(text: str, expected: tuple[str, ...]) -> None:
    asked: list[str] = []

    def says(language: str) -> Tagger:
        def detector(heard: str) -> dict[str, float]:
            asked.append(heard)
            return {language: 1.0}

        return Tagger(detector)

    tags = {says(language).tag(text, expected).language for language in ("hi", "mr")}
    assert len(tags) == 1 or asked
    if text == "कल सुबह आना है" and expected == ("hi",):
        assert not asked


def test_names_are_words_of_no_language() -> None:
    text = "नमस्ते, मैं Kamal Care की ओर से Anjali हूँ"
    assert FULL.tag(text, CLINIC).language == "hi-en"
    assert FULL.tag(text, CLINIC, {"kamal", "care", "anjali"}) == Tag("hi", "Deva", sure=True)
    assert FULL.tag("Anjali", CLINIC, {"anjali"}).script == "Latn"


@pytest.mark.parametrize("text", ["okay", "Hello?", "हम्म", "hmm hmm", "haan", "Priya", "ok bye"])
def test_a_word_that_all_languages_share_is_not_acted_on(text: str) -> None:
    assert not FULL.tag(text, CLINIC).sure


def test_hindi_in_urdus_letters_is_hindi_where_nobody_speaks_urdu() -> None:
    text = "مجھے کل آنا ہے"
    assert FULL.tag(text, CLINIC) == Tag("hi", "Arab", sure=True)
    assert FULL.tag(text, ("ur", "hi")).language == "ur"
    assert FULL.tag("मुझे कल आना है", ("ur-PK",)) == Tag("ur", "Deva", sure=True)


def test_what_is_expected_decides_where_the_words_do_not() -> None:
    assert FULL.tag("no", ("es",)).language == "es"
    assert FULL.tag("no", ("it",)).language == "it"
    assert FULL.tag("no", ("en",)).language == "en"


def test_a_language_that_nobody_expected_is_still_heard() -> None:
    for text, language in (
        ("Desculpe, não entendi o que você disse", "pt"),
        ("Lo siento, no le he entendido bien", "es"),
        ("Przepraszam, nie zrozumiałem, proszę powtórzyć jeszcze raz", "pl"),
        ("죄송합니다, 다시 말씀해 주세요", "ko"),
    ):
        tag = FULL.tag(text, CLINIC)
        assert (tag.language, tag.sure) == (language, True)


@pytest.mark.parametrize("language", LAUNCH_LANGUAGES)
def test_parleys_own_lines_are_heard_in_their_language(language: str) -> None:
    assert language in all_lines()
    for name in NAMES:
        text = (words(name, language) or "").replace("{agent}", "").replace("{company}", "")
        assert FULL.tag(text).language == language, (name, text)


def test_the_labelled_turns_are_told_apart() -> None:
    """The table is made by scripts/bench languages; this keeps it from falling."""
    turns = [
        (key.partition("/")[0], text)
        for key, texts in yaml.safe_load(LABELLED.read_text("utf-8")).items()
        for text in texts
    ]
    right = sum(FULL.tag(text).language == language for language, text in turns)
    assert right / len(turns) >= 0.97
    sure_and_wrong = [text for language, text in turns if (tag := FULL.tag(text)).sure and tag.language != language]
    assert len(sure_and_wrong) / len(turns) <= 0.02, sure_and_wrong


@given(st.text(max_size=200), st.lists(st.sampled_from(LAUNCH_LANGUAGES), max_size=3))
def test_any_text_gets_a_tag(text: str, expected: list[str]) -> None:
    for tagger in (PLAIN, FULL):
        tag = tagger.tag(text, expected)
        assert (tag.language is None) == (tag.script is None)
        assert tag.language is not None or not tag.sure


def test_phrases_that_were_written_for_another_purpose_are_told_apart_too() -> None:
    phrases = {"en": [*ENGLISH], "hi": [*HINDI], **{language: [text] for language, text in ELSEWHERE.items()}}
    for language, texts in phrases.items():
        for text in texts:
            assert (FULL.tag(text).language or "").partition("-")[0] == language, text


def test_no_line_of_a_shipped_agent_is_taken_for_a_drift() -> None:
    agents = shipped_agents()
    for name, dialogue in all_dialogues().items():
        allowed = agents[name].languages.allowed
        for line_id, line in dialogue.agent_lines.items():
            tag = FULL.tag(line.text, allowed)
            assert not (tag.sure and is_outside(tag.language or "en", allowed)), line_id


CALLER, AGENT = Speaker.CALLER, Speaker.AGENT


def used(*turns: tuple[Speaker, str | None], mirrors: bool = True, start: str = "en-IN") -> LanguageUse:
    policy = Policy(start, CLINIC if mirrors else (start,), mirrors)
    return language_use([Said(*turn, policy) for turn in turns])


def test_answers_in_the_callers_language_are_counted() -> None:
    use = used(
        (AGENT, "en"), (CALLER, "hi-en"), (AGENT, "hi"), (CALLER, "hi"), (AGENT, "hi-en"), (CALLER, "en"), (AGENT, "hi")
    )
    assert (use.answers, use.followed) == (3, 2)
    assert use.share == pytest.approx(2 / 3)
    assert (use.switches, use.turns_to_follow) == (2, (1,))


def test_a_switch_that_is_followed_late_says_after_how_many_turns() -> None:
    use = used((CALLER, "hi"), (AGENT, "en"), (CALLER, "hi"), (AGENT, "en"), (CALLER, "hi"), (AGENT, "hi"))
    assert (use.followed, use.switches, use.turns_to_follow) == (1, 1, (3,))


def test_a_caller_whom_the_agent_cannot_follow_is_not_held_against_it() -> None:
    use = used((CALLER, "ta"), (AGENT, "en"))
    assert (use.answers, use.outside, use.share) == (0, 0, None)


def test_an_agent_that_stays_owes_its_start_language() -> None:
    use = used((CALLER, "en"), (AGENT, "hi"), (CALLER, "en"), (AGENT, "en"), mirrors=False, start="hi-IN")
    assert (use.answers, use.followed, use.switches, use.outside) == (2, 1, 0, 1)


def test_turns_without_words_and_doubtful_ones_are_left_out() -> None:
    policy = Policy("en-IN", CLINIC)
    turns = [
        Said(CALLER, "hi", policy),
        Said(CALLER, None, policy),
        Said(AGENT, "en", policy, sure=False),
        Said(AGENT, "hi", policy),
    ]
    use = language_use(turns)
    assert (use.answers, use.followed, use.turns_to_follow) == (1, 1, (1,))
    assert use.to_document()["share"] == 1.0
