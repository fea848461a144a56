"""A machine's greeting is told from what people say when they answer."""

from __future__ import annotations

import pytest

from shared.domain.machine_phrases import machine_says


@pytest.mark.parametrize(
    "text",
    [
        "Hi, this is John. Please leave a message after the beep.",
        "The person you're calling isn't available. At the tone, please record your message.",
        "The number you have dialled is switched off.",
        "I'm sorry, I can't come to the phone right now.",
        "आप जिस व्यक्ति को फ़ोन कर रहे हैं, वह अभी उपलब्ध नहीं हैं।",
        "कृपया बीप के बाद अपना संदेश छोड़ें।",
        "Kripya beep ke baad apna message chodein",
        "aap jis vyakti ko call kar rahe hain",
        "Bitte hinterlassen Sie eine Nachricht nach dem Signalton.",
        "Laissez-moi un message après le bip.",
        "Deje su mensaje después del tono.",
    ],
)
def test_a_machine_is_recognised_by_its_words(text: str) -> None:
    assert machine_says(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hello?",
        "हैलो, कौन बोल रहा है?",
        "मुझे दोबारा कॉल मत कीजिए।",
        "Please send me a message on WhatsApp.",
        "मैं अभी meeting में हूँ, message कर दीजिए।",
        "He is not here, can I take a message?",
        "What number are you calling from?",
        "Haan ji, boliye. Kaun sa message?",
        "Wer ist da bitte?",
        "",
    ],
)
def test_people_are_not_taken_for_machines(text: str) -> None:
    assert not machine_says(text)
