"""What Parley itself says to the model in the middle of a call. Square brackets mark it as not the caller's words."""

from __future__ import annotations

from collections.abc import Sequence

from functions.voice.watchdog import Awaiting

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


def taken_over(before: str, name: str, brief: str, language: str) -> str:
    """Another agent has just handed this caller over."""
    who = (
        "Go on as if you were the same person: do not introduce yourself."
        if before == name
        else f"Say in a few words that you are {name}."
    )
    told = f" What they tell you: {brief!r}." if brief else ""
    return (
        f"[Your colleague {before} has just handed this caller over to you, in the middle of the call.{told} You know"
        f" what was said so far. {who} Then go on at once with what the caller wants, in {language}. Do not greet them"
        " anew, and do not ask for what they have already said.]"
    )


def carry_on(heard: str) -> str:
    """The session before this one broke while something was owed."""
    said = f" The caller has heard you say: {heard!r}." if heard else ""
    return (
        f"[The line to you was cut for a moment.{said} Go on from there now in one short sentence: do not greet again,"
        " do not repeat what was heard.]"
    )


NUDGES: dict[Awaiting, str] = {
    Awaiting.DIRECTION: "[The caller has heard nothing yet. Speak now.]",
    Awaiting.CALLER_TURN: "[The caller is waiting for your answer. Give it now; if you did not understand, say so.]",
    Awaiting.INTERRUPTED: (
        "[You were cut off and the caller hears nothing. Answer what they said; if it was only a noise, go on.]"
    ),
    Awaiting.TOOL_RESULT: "[The tool has answered and the caller is waiting. Tell them what came of it, now.]",
    Awaiting.REST: "[Your last answer broke off and was not heard to its end. Say the rest now.]",
}
"""What a model that owes something is told first."""


def nudge(awaiting: Awaiting, *, on_its_way: bool) -> str:
    """The same; on_its_way: the model may merely be slow, and would answer twice: to what was asked, and to this."""
    speak = NUDGES[awaiting]
    return f"{speak} [If that answer is on its way already, do not give it again.]" if on_its_way else speak


def tools_answered(answers: Sequence[tuple[str, str]]) -> str:
    """Results of tools, as (name, JSON), for a session that never asked for them."""
    told = "; ".join(f"{name} answered {result}" for name, result in answers)
    return (
        f"[The line to you was cut while tools were at work. They have run, do not call them again: {told}."
        " Tell the caller what came of it, and go on.]"
    )


def tools_done(answers: Sequence[tuple[str, str]], at_work: Sequence[str] = ()) -> str:
    """What tools answered, as (name, JSON), before the call was taken up anew; {} of one that was still at work then.

    at_work: names of those that have not answered yet.
    """
    told = [f"{name} answered {result}" for name, result in answers]
    told += [f"{name} is still at work, its result will be told to you" for name in at_work]
    return (
        "[For your memory, nothing is to be said to it: tools that have been called in this call."
        f" {'; '.join(told)}.{' Do not call again what is at work.' if at_work else ''}]"
    )


def tools_at_work(names: Sequence[str]) -> str:
    """Tools that an earlier session called and that have not answered yet."""
    return (
        f"[The line to you was cut while tools were at work: {', '.join(names)}. They go on, do not call them again:"
        " their result will be told to you. Ask the caller for a moment's patience in a few words.]"
    )


def what_was_heard(heard: str, unheard: str) -> str:
    """The caller spoke over an answer. For the model's memory: nothing is to be said to it."""
    if not heard:
        return f"[The caller interrupted before anything of your last answer was heard. Not heard: {unheard!r}.]"
    return f"[The caller interrupted. Heard of your last answer: {heard!r}. Not heard: {unheard!r}.]"


SAY_IT_IS_RECORDED = (
    "[They have not heard yet that this call is recorded. Say so in a few words with your next answer.]"
)

OPENING_IS_OWED = (
    "[The law wants them to hear the whole of your opening. Unless they want no calls, begin your next answer with what"
    " they did not hear of it.]"
)

RESUMED = (
    "[The connection was interrupted for a moment and is back. Say in one short sentence that you are back, and go on"
    " where you were.]"
)


def wrong_language(spoken: str, allowed: Sequence[str], wanted: str) -> str:
    """The agent spoke a language that it is not to speak; names of languages, in English."""
    return (
        f"[You have just spoken {spoken}, which this call is not held in. The languages of this call are:"
        f" {', '.join(allowed)}. Say what you said again now, briefly, in {wanted}, without mentioning this, and keep"
        " to these languages.]"
    )


WHY_NOT_TAKEN = {
    "busy": "their line is busy",
    "declined": "they cannot take a call right now",
    "failed": "they could not be reached",
}


def not_taken(why: str) -> str:
    """The person that the caller was to be transferred to did not take them; the caller is back."""
    return (
        f"[You tried to connect the caller to a person: {WHY_NOT_TAKEN.get(why, 'nobody answered')}. The caller has"
        " heard it ring and is back on the line with you. Tell them so in one short sentence, and offer what else there"
        " is: to take a message, a call back, or somebody else.]"
    )


OPTED_OUT = (
    "[The person does not want to be called again. That has been written down. Confirm it in one short sentence, say"
    " goodbye and call end_call.]"
)


def leave_message(message: str) -> str:
    """An answering machine was heard, its beep is over, and the campaign leaves a message. It is being recorded, so
    nothing else may be said."""
    return (
        "[An answering machine has answered, and its beep is over. Say exactly this once, and then call end_call with"
        f" the reason voicemail: {message}]"
    )
