"""Reports on a call come late, twice, shuffled, and before the answer to our own request; the record ends the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.domain.attempt import Attempt, AttemptEvent, AttemptState, IllegalEvent, give_up
from shared.domain.call_progress import (
    Report,
    accept,
    achieved,
    awaits_talk,
    close_without_talk,
    fold,
    heard,
    talked,
)
from shared.domain.call_status import CallStatus
from shared.domain.disposition import Disposition, Outcome, Talk
from tests.domain.builders import NOON_IN_INDIA, an_attempt

DIALING = an_attempt(state=AttemptState.DIALING, sent_at=NOON_IN_INDIA, fence=1)
TALKED = Talk(caller_turns=3)


def a_report(status: str, sequence: int = -1, second: int = 0, **changes: Any) -> Report:
    """A status callback on call CA1, so many seconds after dialing."""
    fields = {"sid": "CA1", "sequence": sequence, "at": NOON_IN_INDIA + timedelta(seconds=second), **changes}
    return Report(status=CallStatus(status), **fields)


ANSWERED = [
    a_report("queued", 0, 0),
    a_report("initiated", 1, 1),
    a_report("ringing", 2, 3),
    a_report("in-progress", 3, 9),
    a_report("completed", 4, 60, duration_s=51, sip_code=200),
]


def folded(attempt: Attempt, *words: Report | str | Talk | Outcome) -> Attempt:
    """The attempt with these words taken in, one after the other; a text is a SID or machine detection's word."""
    for word in words:
        match word:
            case Report():
                attempt = fold(attempt, word)
            case Talk():
                attempt = talked(attempt, word)
            case Outcome():
                attempt = achieved(attempt, word)
            case str():
                attempt = accept(attempt, word) if word.startswith("CA") else heard(attempt, word)
    return attempt


def test_a_call_that_was_answered() -> None:
    attempt = folded(DIALING, "CA1", *ANSWERED, TALKED)
    assert attempt.state is AttemptState.DONE
    assert attempt.disposition is Disposition.HUMAN
    assert (attempt.sid, attempt.status, attempt.duration_s) == ("CA1", "completed", 51)
    assert attempt.rang_at == NOON_IN_INDIA + timedelta(seconds=3)
    assert attempt.answered_at == NOON_IN_INDIA + timedelta(seconds=9)
    assert attempt.ended_at == NOON_IN_INDIA + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("last", "disposition"),
    [
        (a_report("busy", 3, 5), Disposition.BUSY),
        (a_report("no-answer", 3, 30), Disposition.NO_ANSWER),
        (a_report("canceled", 3, 5), Disposition.CANCELED),
        (a_report("failed", 3, 5), Disposition.CARRIER_FAILED),
        (a_report("failed", 3, 5, sip_code=404), Disposition.INVALID_NUMBER),
        (a_report("failed", 3, 5, sip_code=607), Disposition.BLOCKED_BY_CARRIER),
        (a_report("failed", 3, 5, sip_code=603), Disposition.REJECTED),
    ],
)
def test_a_call_that_was_not(last: Report, disposition: Disposition) -> None:
    assert folded(DIALING, *ANSWERED[:3], last).disposition is disposition


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """What is said about one call, and the same with copies, in another order; our own request's answer among it."""
    ends = draw(
        st.lists(
            st.builds(
                a_report,
                st.sampled_from(["completed", "busy", "failed", "no-answer", "canceled"]),
                st.integers(-1, 6),
                st.integers(5, 90),
                sip_code=st.sampled_from([None, 404, 486, 603]),
                duration_s=st.sampled_from([None, 12]),
            ),
            max_size=2,
            unique_by=lambda report: (report.sequence, report.status, report.at),
        )
    )
    further = st.sampled_from(["CA1", "human", "machine_start", "machine_end_beep", "what?"])
    talks = st.builds(Talk, st.integers(0, 3), st.booleans(), st.booleans(), st.booleans(), st.booleans())
    stamped = st.builds(a_report, st.sampled_from(["ringing", "in-progress"]), st.integers(1, 3), st.integers(1, 9))
    said = st.sampled_from(ANSWERED) | stamped | further | talks | st.sampled_from(Outcome)
    words: list[Any] = draw(st.lists(said, max_size=7))
    words += ends
    copies = words + draw(st.lists(st.sampled_from(words), max_size=4) if words else st.just([]))
    return words, draw(st.permutations(copies))


@settings(deadline=None, max_examples=400)
@given(shuffled())
@example(([a_report("ringing", 1, 3), a_report("busy", 2, 4)], [a_report("busy", 2, 4), a_report("ringing", 1, 3)]))
@example((["CA1", *ANSWERED, TALKED], [TALKED, *ANSWERED[::-1], "CA1", *ANSWERED]))
@example(
    (
        [a_report("failed", -1, 5), a_report("completed", -1, 5)],
        [a_report("completed", -1, 5), a_report("failed", -1, 5)],
    )
)
def test_any_order_and_any_number_of_copies_end_in_the_same_record(said: tuple[list[Any], list[Any]]) -> None:
    words, again = said
    assert folded(DIALING, *again) == folded(DIALING, *words)


@settings(deadline=None)
@given(st.permutations(ANSWERED), st.integers(0, 5))
def test_the_answer_to_our_request_may_come_last_or_never(reports: list[Report], lost_after: int) -> None:
    attempt = DIALING
    for index, report in enumerate(reports):
        if index == lost_after:
            attempt = attempt.advanced(AttemptEvent.LOSE_TRACK)
        attempt = fold(attempt, report)
    assert attempt == folded(DIALING, *ANSWERED)


def test_a_report_finds_an_attempt_that_was_unknown_or_given_up() -> None:
    unknown = DIALING.advanced(AttemptEvent.LOSE_TRACK)
    assert fold(unknown, ANSWERED[2]).state is AttemptState.RINGING
    lost = give_up(unknown, NOON_IN_INDIA)
    assert (lost.disposition, lost.ended_at) == (Disposition.LOST, NOON_IN_INDIA)
    assert folded(lost, *ANSWERED, TALKED) == folded(unknown, *ANSWERED, TALKED)
    assert accept(lost, "CA1").disposition is None
    assert fold(lost, ANSWERED[4]).ended_at == ANSWERED[4].at


def test_a_report_on_another_call_is_refused_and_changes_nothing() -> None:
    attempt = accept(DIALING, "CA1")
    with pytest.raises(IllegalEvent, match="another call"):
        fold(attempt, a_report("ringing", 1, 3, sid="CA2"))
    with pytest.raises(IllegalEvent, match="another call"):
        accept(attempt, "CA2")
    assert attempt == accept(DIALING, "CA1")


@pytest.mark.parametrize("state", [AttemptState.PLANNED, AttemptState.CLAIMED, AttemptState.RELEASED])
def test_a_report_on_an_attempt_that_sent_nothing_is_refused(state: AttemptState) -> None:
    with pytest.raises(IllegalEvent):
        fold(an_attempt(state=state), ANSWERED[2])


def test_the_final_word_with_the_highest_number_holds() -> None:
    attempt = folded(DIALING, a_report("busy", 3, 5), a_report("completed", 5, 40), a_report("failed", 4, 50), TALKED)
    assert attempt.status == "completed"
    assert attempt.ended_at == NOON_IN_INDIA + timedelta(seconds=40)


def test_machine_detection_never_overrules_a_real_talk() -> None:
    machine = folded(DIALING, *ANSWERED, "machine_end_beep")
    assert awaits_talk(machine), "nobody knows yet whether a person talked with us"
    assert close_without_talk(machine).disposition is Disposition.VOICEMAIL_HANGUP
    assert talked(machine, Talk(caller_turns=1)).disposition is Disposition.VOICEMAIL_HANGUP
    assert talked(machine, Talk(message_left=True)).disposition is Disposition.VOICEMAIL_LEFT
    assert talked(machine, TALKED).disposition is Disposition.HUMAN


def test_of_two_words_of_the_detector_the_surer_one_holds() -> None:
    assert folded(DIALING, "machine_start", "machine_end_beep", "human").answered_by == "machine_end_beep"
    assert folded(DIALING, "what?").answered_by is None


def test_our_own_word_on_an_answered_call_is_waited_for() -> None:
    ended = folded(DIALING, *ANSWERED)
    assert awaits_talk(ended)
    assert ended.disposition is None
    closed = close_without_talk(ended)
    assert closed.disposition is Disposition.AGENT_FAILED
    assert not awaits_talk(closed)
    assert close_without_talk(closed) is closed
    assert talked(closed, TALKED).disposition is Disposition.HUMAN
    assert (closed.silent_answer, talked(closed, TALKED).silent_answer) == (True, False)


def test_the_weightiest_outcome_stays() -> None:
    assert folded(DIALING, Outcome.DO_NOT_CALL, Outcome.INTERESTED).outcome is Outcome.DO_NOT_CALL


def test_a_refused_attempt_that_rings_all_the_same_is_not_hidden() -> None:
    refused = an_attempt(state=AttemptState.DONE, disposition=Disposition.CARRIER_FAILED)
    assert folded(refused, *ANSWERED, TALKED).disposition is Disposition.HUMAN
