"""What Parley itself says to the model in the middle of a call. Square brackets mark it as not the caller's words."""

from __future__ import annotations

ASK_IF_THERE = (
    "[The caller has been silent for a while. In the language of the conversation, ask in one short sentence whether"
    " they are still there.]"
)
SAY_GOODBYE_TO_SILENCE = (
    "[The caller still does not answer. Say in one short sentence that you will end the call, and goodbye."
    " Ask nothing.]"
)
WRAP_UP = "[The call has to end within half a minute. Bring it to a close now: the most important thing, then goodbye.]"


def pressed(digit: str) -> str:
    """The caller pressed a key."""
    return f"[The caller pressed the key {digit} on their phone.]"


def greet(greeting: str) -> str:
    """The first words of a call."""
    return f"[The caller is on the line now. Greet them with exactly these words, and then listen: {greeting}]"


RESUMED = (
    "[The connection was interrupted for a moment and is back. Say in one short sentence that you are back, and go on"
    " where you were.]"
)

OPTED_OUT = (
    "[The person does not want to be called again. That has been written down. Confirm it in one short sentence, say"
    " goodbye and call end_call.]"
)


def leave_message(message: str) -> str:
    """An answering machine was heard, its beep is over, and the campaign leaves a message."""
    return (
        "[An answering machine has answered, and its beep is over. Say exactly this once, and then call end_call with"
        f" the reason voicemail: {message}]"
    )
