"""Which words only show that somebody listens."""

from __future__ import annotations

import pytest

from shared.domain.backchannel import is_backchannel


@pytest.mark.parametrize(
    "text",
    [
        "Haan",
        "हाँ",
        "हां जी",
        "अच्छा।",
        "hmm...",
        "Ok, ok",
        "ठीक है",
        "theek hai",
        "Mm-hmm",
        "Yeah. Right.",
        "சரி",
        "Sí, sí",
        "جی",
    ],
)
def test_words_that_ask_for_nothing(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "no",
        "नहीं",
        "hello",
        "wait",
        "ok but when?",
        "haan lekin kitna",
        "yes yes yes yes yes",
        "stop",
        "रुकिए",
        "<noise>",
    ],
)
def test_words_that_want_something(text: str) -> None:
    assert not is_backchannel(text)
