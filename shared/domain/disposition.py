"""How an attempt ended, on two levels: what became of the call, and what the conversation achieved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Disposition(StrEnum):
    """What became of the call."""

    HUMAN = "human"
    VOICEMAIL_LEFT = "voicemail_left"
    VOICEMAIL_HANGUP = "voicemail_hangup"
    FAX = "fax"
    IVR_OR_SCREEN = "ivr_or_screen"
    """A menu or a screening assistant answered, and no person came on."""
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    """The callee's phone declined."""
    INVALID_NUMBER = "invalid_number"
    CARRIER_FAILED = "carrier_failed"
    """Congestion or a fault of the network; nothing rang."""
    BLOCKED_BY_CARRIER = "blocked_by_carrier"
    CANCELED = "canceled"
    """We took the call back before it was answered."""
    AGENT_FAILED = "agent_failed"
    """The callee was failed by us or by the speech model."""
    ABANDONED = "abandoned"
    """A human answered and heard nothing for two seconds."""
    LOST = "lost"
    """Nobody knows whether the phone rang."""
    EXPIRED = "expired"
    """Never sent; its time had passed."""
    SKIPPED = "skipped"
    """Never sent; the gate refused at the last moment."""


class Outcome(StrEnum):
    """What the conversation achieved."""

    GOAL_MET = "goal_met"
    INTERESTED = "interested"
    CALLBACK_SCHEDULED = "callback_scheduled"
    NOT_INTERESTED = "not_interested"
    WRONG_PERSON = "wrong_person"
    WRONG_NUMBER = "wrong_number"
    ALREADY_CUSTOMER = "already_customer"
    LANGUAGE_SWITCH = "language_switch"
    """It could not go on in this language; somebody should call in the callee's."""
    DO_NOT_CALL = "do_not_call"
    COMPLAINT = "complaint"
    DECEASED = "deceased"
    TRANSFERRED = "transferred"
    HUNG_UP_EARLY = "hung_up_early"
    INCONCLUSIVE = "inconclusive"


_BY_WEIGHT = (
    Outcome.DO_NOT_CALL,
    Outcome.COMPLAINT,
    Outcome.DECEASED,
    Outcome.WRONG_NUMBER,
    Outcome.CALLBACK_SCHEDULED,
    Outcome.GOAL_MET,
    Outcome.TRANSFERRED,
    Outcome.INTERESTED,
    Outcome.ALREADY_CUSTOMER,
    Outcome.LANGUAGE_SWITCH,
    Outcome.WRONG_PERSON,
    Outcome.NOT_INTERESTED,
    Outcome.HUNG_UP_EARLY,
    Outcome.INCONCLUSIVE,
)

SUPPRESSING = frozenset({Outcome.DO_NOT_CALL, Outcome.COMPLAINT, Outcome.DECEASED, Outcome.WRONG_NUMBER})
"""Outcomes after which the number goes on the suppression list."""


def weightier(one: Outcome | None, other: Outcome | None) -> Outcome | None:
    """Of two words about one conversation the one that matters more, whichever came first."""
    given = [outcome for outcome in (one, other) if outcome is not None]
    return min(given, key=_BY_WEIGHT.index) if given else None


@dataclass(frozen=True, slots=True)
class Weight:
    """What an attempt that ended so costs its contact."""

    counts: bool
    """Spends the contact's budget of attempts and the caps on the number."""
    rang: bool
    """The callee's phone rang, so the gap between calls runs."""


_NOTHING = Weight(counts=False, rang=False)
_LINE_ONLY = Weight(counts=True, rang=False)
_FULL = Weight(counts=True, rang=True)

WEIGHTS: dict[Disposition, Weight] = {
    Disposition.HUMAN: _FULL,
    Disposition.VOICEMAIL_LEFT: _FULL,
    Disposition.VOICEMAIL_HANGUP: _FULL,
    Disposition.FAX: _FULL,
    Disposition.IVR_OR_SCREEN: _FULL,
    Disposition.BUSY: _LINE_ONLY,
    Disposition.NO_ANSWER: _FULL,
    Disposition.REJECTED: _FULL,
    Disposition.INVALID_NUMBER: _NOTHING,
    Disposition.CARRIER_FAILED: _NOTHING,
    Disposition.BLOCKED_BY_CARRIER: _LINE_ONLY,
    Disposition.CANCELED: _NOTHING,
    Disposition.AGENT_FAILED: _FULL,
    Disposition.ABANDONED: _FULL,
    Disposition.LOST: _FULL,
    Disposition.EXPIRED: _NOTHING,
    Disposition.SKIPPED: _NOTHING,
}


def weight_of(disposition: Disposition | None, *, rang: bool) -> Weight:
    """What an attempt costs. One that is still open costs all of it; so does a call taken back while it rang."""
    if disposition is None or (rang and not WEIGHTS[disposition].counts):
        return _FULL
    return WEIGHTS[disposition]


@dataclass(frozen=True, slots=True)
class Talk:
    """What our side knows about a call that was answered."""

    caller_turns: int = 0
    answered_us: bool = False
    """One of them answered what the agent had said to its end, which a greeting does not do."""
    our_fault: bool = False
    """The speech model or we failed while the callee was there."""
    heard_agent: bool = True
    """Within two seconds of answering the callee heard something, or was gone."""
    message_left: bool = False
    """The campaign's message was said after the beep."""
    machine_heard: bool = False
    """The agent took it for a machine, or it said what only machines say; such turns are none of the callee's."""
    machine_menu: bool = False
    """What answered was a menu or a screening assistant."""

    def __add__(self, later: Talk) -> Talk:
        """With what the next stream of the same call knows; whose fault it was tells the last of them."""
        return Talk(
            caller_turns=self.caller_turns + later.caller_turns,
            answered_us=self.answered_us or later.answered_us,
            our_fault=later.our_fault,
            heard_agent=self.heard_agent,
            message_left=self.message_left or later.message_left,
            machine_heard=self.machine_heard or later.machine_heard,
            machine_menu=self.machine_menu or later.machine_menu,
        )

    @property
    def is_conversation(self) -> bool:
        """A person has talked with us, whatever machine detection says."""
        return self.caller_turns >= CONVERSATION_TURNS or self.answered_us


PEOPLE = frozenset({Disposition.HUMAN, Disposition.ABANDONED, Disposition.AGENT_FAILED})
"""Of an answered call: as far as anybody can tell, a person was there."""
MACHINE = frozenset({"machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other"})
"""Twilio's words for an answering machine."""
CONVERSATION_TURNS = 2
"""So many turns of the callee are a real conversation, which no machine detection overrules."""

_SIP_INVALID = frozenset({404, 410, 484, 604})
_SIP_BLOCKED = frozenset({607, 608})
_SIP_DECLINED = frozenset({603})

INVALID_NUMBER_CODES = frozenset({21211, 21214, 21217, 13223})
"""Twilio's error numbers for a number that cannot be called."""


def failed_call(sip_code: int | None, error_code: int | None = None) -> Disposition:
    """Why the network failed a call: its SIP answer, or Twilio's error number."""
    if error_code in INVALID_NUMBER_CODES or sip_code in _SIP_INVALID:
        return Disposition.INVALID_NUMBER
    if sip_code in _SIP_BLOCKED:
        return Disposition.BLOCKED_BY_CARRIER
    if sip_code in _SIP_DECLINED:
        return Disposition.REJECTED
    return Disposition.CARRIER_FAILED


def answered_call(talk: Talk | None, answered_by: str | None) -> Disposition:
    """Who or what answered: what was said weighs more than what the detector heard."""
    talk = talk or Talk(our_fault=True)
    if talk.is_conversation:
        return Disposition.AGENT_FAILED if talk.our_fault else Disposition.HUMAN
    if answered_by == "fax":
        return Disposition.FAX
    if answered_by in MACHINE or talk.message_left or talk.machine_heard:
        return Disposition.VOICEMAIL_LEFT if talk.message_left else Disposition.VOICEMAIL_HANGUP
    if talk.machine_menu:
        return Disposition.IVR_OR_SCREEN
    if talk.our_fault:
        return Disposition.AGENT_FAILED
    return Disposition.HUMAN if talk.heard_agent else Disposition.ABANDONED
