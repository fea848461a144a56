"""Before a launch: who would be called now, why not the others, what it takes and costs, and what looks wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from functions.console.api.campaign_words import list_not_ready
from functions.console.api.campaigns import CampaignsApi, speaks
from functions.console.evaluation import Evaluation, Evaluator, Refused
from functions.console.lists.row_document import list_path
from functions.console.operation import Answer, Asked, Operation
from functions.console.services import ConsoleServices
from shared.domain.agent import Agent
from shared.domain.campaign import Campaign, CampaignState
from shared.domain.contact_row import CALLABLE
from shared.domain.cost import CURRENCY, forecast
from shared.domain.counted import counted
from shared.domain.disclosure import disclosure_language
from shared.store.agents import AgentBook, UnknownAgent

MOST_OPENINGS = 6
PLACEHOLDER = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)")
"""{{name}}, or {{name|there}} with what to say where there is none."""
INDIA = (
    "Numbers in India are called from abroad: Twilio offers no Indian numbers for outgoing calls. India's regulator "
    "wants promotional calls from the 140 series and service calls of banks and insurers from the 1600 series, by "
    "registered senders. A yes on your list is your evidence; it is no consent in the operators' registry."
)


class Opening(Answer):
    """Some contacts, and when to look at them again."""

    at: datetime
    zone: str
    local: str
    """The same in the contacts' own time: Tue 24 Nov, 10:00 IST."""
    count: int


class RefusalCount(Answer):
    """Contacts that would not be called now, for one reason."""

    code: str
    count: int
    sentence: str
    waits: int
    """Of them, those whom time alone makes callable, or a person: the campaign is resumed, its budget raised."""
    next_opening: datetime | None = None
    openings: list[Opening] = Field(default=[])


class Check(Answer):
    """Something to know before the launch; an error keeps it from happening."""

    code: str
    level: Literal["error", "warning", "notice"]
    sentence: str
    fix: str = ""
    count: int | None = None


class Estimate(Answer):
    """What calling everybody who may be called will take."""

    contacts: int
    attempts: int
    cost: float
    currency: str = CURRENCY
    seconds: float
    """Of open calling hours, at the campaign's pace and the account's."""


class Preflight(Answer):
    """What would happen now."""

    campaign_id: str
    status: CampaignState
    at: datetime
    summary: str
    """In one sentence."""
    total: int
    """Rows of the list."""
    evaluated: int
    complete: bool
    """False: only so many contacts could be looked at in time; the counts are of those."""
    history_complete: bool
    dial_now: int
    wait: int
    never: int
    next_opening: datetime | None = None
    refusals: list[RefusalCount] = Field(default=[])
    rows: dict[str, int] = Field(default={})
    """The list's own classes, of which invalid and duplicate rows become no contacts."""
    countries: dict[str, int] = Field(default={})
    languages: dict[str, int] = Field(default={})
    """"" is the campaign's or the agent's."""
    estimate: Estimate
    checks: list[Check] = Field(default=[])
    can_launch: bool


class PreflightApi:
    """The one operation."""

    def __init__(self, services: ConsoleServices, campaigns: CampaignsApi) -> None:
        self._services = services
        self._campaigns = campaigns
        self._agents = AgentBook(services.store, services.shipped)

    def operations(self) -> list[Operation]:
        """All of them."""
        path = "/api/campaigns/{campaign_id}/preflight"
        return [Operation("GET", path, "Who would be called now, and why not the others", self.preflight, Preflight,
                          problems=(404,))]  # fmt: skip

    async def preflight(self, asked: Asked) -> BaseModel:
        """Ask the gate about everybody."""
        campaign = await self._campaigns.read(asked["campaign_id"])
        known = await self._services.store.get(list_path(campaign.list_id))
        of_list: dict[str, Any] = {} if known is None else dict(known.data)
        agent = await self._agent(campaign)
        found = await Evaluator(self._services, campaign, _placeholders(agent, campaign)).run()
        refusals = sorted((_told(code, one) for code, one in found.refused.items()), key=lambda one: -one.count)
        wait = sum(one.waits for one in refusals)
        openings = [one.next_opening for one in refusals if one.next_opening]
        rows: dict[str, int] = of_list.get("counts", {})
        estimate = self._estimate(campaign, found, wait, rows)
        checks = list(_checks(campaign, agent, of_list, found, estimate))
        return Preflight(
            campaign_id=campaign.id,
            status=campaign.state,
            at=self._services.clock.now(),
            summary=_summary(found, refusals, rows),
            total=int(of_list.get("total", 0)),
            evaluated=found.evaluated,
            complete=found.complete,
            history_complete=found.history_complete,
            dial_now=found.dial_now,
            wait=wait,
            never=found.evaluated - found.dial_now - wait,
            next_opening=min(openings, default=None),
            refusals=refusals,
            rows=rows,
            countries=dict(found.countries.most_common(50)),
            languages=dict(found.languages.most_common(50)),
            estimate=estimate,
            checks=checks,
            can_launch=campaign.state is CampaignState.DRAFT and all(one.level != "error" for one in checks),
        )

    async def _agent(self, campaign: Campaign) -> Agent | None:
        try:
            return await self._agents.get(campaign.agent_id)
        except UnknownAgent:
            return None

    def _estimate(self, campaign: Campaign, found: Evaluation, wait: int, rows: dict[str, int]) -> Estimate:
        """Those who were looked at stand for the rest."""
        contacts = found.dial_now + wait
        if not found.complete and found.evaluated:
            loaded = sum(count for name, count in rows.items() if name not in ("invalid", "duplicate"))
            contacts = round(contacts * max(loaded, found.evaluated) / found.evaluated)
        pace = min(campaign.pacing.calls_per_second, self._services.calls_per_second)
        country = found.countries.most_common(1)[0][0] if found.countries else None
        expected = forecast(contacts, pace, campaign.pacing.max_concurrent, country)
        return Estimate(
            contacts=contacts, attempts=expected.attempts, cost=expected.cost, seconds=round(expected.seconds, 1)
        )


def _told(code: str, refused: Refused) -> RefusalCount:
    merged: Counter[tuple[datetime, str]] = refused.openings
    openings = [
        Opening(at=at, zone=zone, local=local_time(at, zone), count=count)
        for (at, zone), count in sorted(merged.items())[:MOST_OPENINGS]
    ]
    return RefusalCount(
        code=code,
        count=refused.count,
        sentence=refused.sentence,
        waits=refused.waits,
        next_opening=openings[0].at if openings else None,
        openings=openings,
    )


def local_time(at: datetime, zone: str) -> str:
    """An instant as people there say it."""
    return at.astimezone(ZoneInfo(zone)).strftime("%a %d %b, %H:%M %Z")


def _summary(found: Evaluation, refusals: list[RefusalCount], rows: dict[str, int]) -> str:
    """812 would be called now; 96 wait (outside window, from Tue 24 Nov, 10:00 IST); 41 never (no consent); ..."""
    parts = [f"{found.dial_now:,} would be called now"]
    for one in refusals:
        name = one.code.replace("_", " ")
        opening = f", from {one.openings[0].local}" if one.openings else ""
        if one.waits:
            parts.append(f"{one.waits:,} {'waits' if one.waits == 1 else 'wait'} ({name}{opening})")
        if never := one.count - one.waits:
            parts.append(f"{never:,} never ({name})")
    parts += [counted(rows[name], f"{name} row") for name in ("invalid", "duplicate") if rows.get(name)]
    whole = "" if found.complete else f"Of the first {counted(found.evaluated, 'contact')}: "
    return whole + "; ".join(parts) + "."


def _placeholders(agent: Agent | None, campaign: Campaign) -> set[str]:
    texts = [*campaign.topic.values(), *campaign.voicemail.message.values()]
    if agent is not None:
        texts += [agent.instructions, agent.purpose, *agent.greeting.values()]
    return {name for text in texts for name in PLACEHOLDER.findall(text)}


def _checks(
    campaign: Campaign, agent: Agent | None, of_list: dict[str, Any], found: Evaluation, estimate: Estimate
) -> Iterator[Check]:
    yield from _list_checks(campaign, of_list, found)
    if agent is None:
        yield Check(code="no_agent", level="error", sentence=f"There is no agent {campaign.agent_id}.")
    else:
        yield from _language_checks(campaign, agent, found)
    for name, count in sorted(found.lacking.items()):
        yield Check(
            code="variable_missing",
            level="warning",
            sentence=f"The agent's words use {name}, which {counted(count, 'contact does', 'contacts do')} not have.",
            fix="Map a column to it, or fill it in.",
            count=count,
        )
    for sentence in sorted(found.widened):
        yield Check(code="widening", level="warning", sentence=f"Has no effect: {sentence}.")
    if campaign.budget is not None and campaign.budget.amount < estimate.cost:
        yield Check(
            code="budget_short",
            level="warning",
            sentence=f"The budget of {campaign.budget.amount:g} {campaign.budget.currency} will not reach everybody; "
            f"about {estimate.cost:g} {estimate.currency} would.",
        )
    if found.countries["IN"]:
        yield Check(code="india", level="notice", sentence=INDIA, count=found.countries["IN"])


def _list_checks(campaign: Campaign, of_list: dict[str, Any], found: Evaluation) -> Iterator[Check]:
    status = of_list.get("status", "gone")
    if campaign.state is CampaignState.DRAFT and status != "ready":
        sentence, fix = list_not_ready(status)
        yield Check(code="list_not_ready", level="error", sentence=sentence, fix=fix)
    elif campaign.state is CampaignState.DRAFT and not sum(of_list["counts"].get(str(one), 0) for one in CALLABLE):
        level: Literal["error", "warning"] = "error" if not found.dial_now else "warning"
        yield Check(code="no_contacts", level=level, sentence="The list has nobody who may be called.")
    elif campaign.state is CampaignState.DRAFT and found.nobody:
        yield Check(
            code="nobody_to_call",
            level="error",
            sentence="Nobody on the list would ever be called.",
            fix="Look at the reasons below: hours, countries or end of the campaign leave nobody.",
        )
    if of_list and of_list["purpose"] != str(campaign.purpose):
        yield Check(
            code="other_purpose",
            level="warning",
            sentence=f"The list was read for {of_list['purpose']} calls and the campaign makes {campaign.purpose} "
            "calls; its own rules decide, so the list's account differs from this page.",
        )


def _language_checks(campaign: Campaign, agent: Agent, found: Evaluation) -> Iterator[Check]:
    foreign = {one: count for one, count in found.languages.items() if one and not speaks(agent, one)}
    for language, count in sorted(foreign.items()):
        who = counted(count, "contact wants", "contacts want")
        yield Check(
            code="language_not_spoken",
            level="warning",
            sentence=f"{who} {language}, which {agent.name} does not speak; the call begins in "
            f"{campaign.language or agent.languages.start}.",
            count=count,
        )
    for language in sorted({one or campaign.language or agent.languages.start for one in found.languages}):
        if disclosure_language(language) != language.partition("-")[0]:
            yield Check(
                code="disclosure_in_english",
                level="notice",
                sentence=f"The first sentence, which says that a machine calls, is in English for {language}.",
            )
