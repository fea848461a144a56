"""docs/campaign.md says what the code does: its diagram, its retries and its figures are the code's own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from functions.campaigns.breaker import ABANDONED_ALARM, ABANDONED_LIMIT, FEWEST, FEWEST_ANSWERED
from functions.campaigns.services import OWN_PACE
from shared.domain.attempt_check import CLAIM_LEASE, FIRST_LOOK, SECOND_LOOK
from shared.domain.disposition import Disposition
from shared.domain.pacing import INBOUND_RESERVE, MARGIN
from shared.domain.retry import RETRIES
from tests.campaigns.attempt_diagram import PAGE, with_diagram

TEXT = PAGE.read_text(encoding="utf-8")
RESULTS = Path(__file__).parents[2] / "bench" / "results"


def test_the_diagram_is_the_table() -> None:
    assert with_diagram(TEXT) == TEXT, "python -m tests.campaigns.attempt_diagram draws it anew"


def test_every_disposition_is_explained_with_its_retries() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", TEXT, re.MULTILINE))
    assert rows.keys() == {str(one) for one in Disposition}
    for one in Disposition:
        rule = RETRIES.get(one)
        assert rows[str(one)].startswith("never" if rule is None else f"{rule.limit} ×"), one


@pytest.mark.parametrize(
    "said",
    [
        f"{CLAIM_LEASE.seconds} s", f"{FIRST_LOOK.seconds} s", f"{SECOND_LOOK.seconds} s",
        f"{INBOUND_RESERVE:.0%}", f"{MARGIN - 1:.0%}", f"{OWN_PACE:g} requests a second",
        f"{ABANDONED_ALARM:.0%}", f"{ABANDONED_LIMIT:.0%}", f"at least {FEWEST} ", f"at least {FEWEST_ANSWERED} ",
    ],
)  # fmt: skip
def test_numbers_are_the_codes(said: str) -> None:
    assert said in TEXT.replace("\n", " ")


def test_figures_are_the_benches() -> None:
    rate = json.loads((RESULTS / "dispatch_rate.json").read_text(encoding="utf-8"))
    day = json.loads((RESULTS / "campaign_day.json").read_text(encoding="utf-8"))
    crash = json.loads((RESULTS / "crash.json").read_text(encoding="utf-8"))
    tick = json.loads((RESULTS / "tick.json").read_text(encoding="utf-8"))["sqlite_cpu_ms"]
    for store in ("sqlite", "firestore"):
        one = rate[store]
        figures = [one["busiest_second"], one["average_per_s"], one["claim_ms_p50"], one["claim_ms_p95"]]
        assert "| " + " | ".join(f"{figure:g}" for figure in figures) + " |" in TEXT
        one = day[store]
        figures = [one["people"], one["calls"], one["rings"], one["violations"]]
        assert "| " + " | ".join(f"{figure:,}" for figure in figures) + " |" in TEXT
    for store, one in crash.items():
        forgotten = one["contacts"] - one["states"]["done"]
        figures = [one["contacts"], one["kills"], one["rings"], one["rang_twice"], forgotten, one["locks"]]
        figures.append(one["open_attempts"])
        assert f"| {store} | " + " | ".join(f"{figure:,}" for figure in figures) + " |" in TEXT
    for contacts, one in tick.items():
        figures = [one["beat_ms"], one["round_ms"], one["claim_ms"]]
        assert f"| {int(contacts):,} | " + " | ".join(f"{figure:.1f}" for figure in figures) + " |" in TEXT
