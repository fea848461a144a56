"""Lines that Parley says without the speech model, when that cannot be reached: by Twilio's own voices."""

from __future__ import annotations

SAY_VOICES = {
    "en-IN": "Google.en-IN-Standard-A",
    "en-US": "Google.en-US-Standard-C",
    "hi-IN": "Google.hi-IN-Standard-A",
}
"""Voices of Twilio's <Say>; a language without an entry is spoken by the voice Twilio has for it."""

LINES: dict[str, dict[str, str]] = {
    "apology": {
        "en": "We are sorry, we have a technical problem right now. Please call again in a few minutes. Goodbye.",
        "hi": "माफ़ कीजिए, अभी हमारे यहाँ तकनीकी समस्या है। कृपया कुछ मिनट बाद फिर से कॉल कीजिए। नमस्ते।",
    },
    "connecting_you": {
        "en": "We are sorry, we have a technical problem. One moment please, we are connecting you to a person.",
        "hi": "माफ़ कीजिए, हमारे यहाँ तकनीकी समस्या है। कृपया रुकिए, हम आपको किसी से जोड़ रहे हैं।",
    },
    "nobody_free": {
        "en": "I am sorry, nobody is free to take your call right now. We will call you back. Goodbye.",
        "hi": "माफ़ कीजिए, अभी कोई उपलब्ध नहीं है। हम आपको वापस कॉल करेंगे। नमस्ते।",
    },
}
"""By line, then language. English is the fallback."""

REGIONS = {"en": "en-IN", "hi": "hi-IN"}


def line(name: str, language: str | None) -> tuple[str, str]:
    """The tag for Twilio's voice and the words, in this language (hi, hi-IN, hi-en) or else in English."""
    base = (language or "en").partition("-")[0]
    words = LINES[name].get(base)
    if words is None:
        base, words = "en", LINES[name]["en"]
    return (language if language in SAY_VOICES else REGIONS[base]), words
