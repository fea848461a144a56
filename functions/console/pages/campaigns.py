"""Pages on campaigns: written, checked before the launch, watched while they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from functions.console.api import Api
from functions.console.api.calls import CallsPaging
from functions.console.api.campaigns import CampaignAnswer, CampaignChanges, CampaignsPaging
from functions.console.operation import Paging, read_model
from functions.console.pages.page import asked, form_of, page, page_route, see, told
from functions.console.problem import Problem
from shared.domain.calling_rules import Purpose
from shared.domain.campaign import NEXT_CAMPAIGN, Campaign, CampaignDraft, CampaignEvent, CampaignState

ZONES = ("Asia/Kolkata", "UTC", "America/New_York", "America/Los_Angeles", "Europe/London", "Europe/Berlin")
ACTIONS = {
    CampaignEvent.LAUNCH: "Launch",
    CampaignEvent.PAUSE: "Pause",
    CampaignEvent.RESUME: "Resume",
    CampaignEvent.CANCEL: "Cancel for good",
}
DEFAULTS = {"calls_per_second": "1", "max_concurrent": "10", "max_attempts": "3", "zone": ZONES[0]}
PLACES = {
    "pacing.calls_per_second": "calls_per_second",
    "pacing.max_concurrent": "max_concurrent",
    "retry.max_attempts": "max_attempts",
    "budget.amount": "budget",
}
LABELS = {
    "name": "Name",
    "list_id": "List",
    "agent_id": "Agent",
    "purpose": "Purpose",
    "language": "Language",
    "window": "The hours",
    "starts_at": "Not before",
    "ends_at": "Not after",
    "calls_per_second": "Calls started per second",
    "max_concurrent": "Calls at once",
    "max_attempts": "Attempts per person",
    "budget": "Budget in USD",
}
"""What the forms call these fields."""


class CampaignPages:
    """The pages."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def routes(self) -> Sequence[BaseRoute]:
        """All of them."""
        return [
            page_route("/campaigns", self.all),
            page_route("/campaigns/new", self.new),
            page_route("/campaigns", self.create, "POST"),
            page_route("/campaigns/{campaign_id}", self.one),
            page_route("/campaigns/{campaign_id}/change", self.change, "POST"),
            page_route("/campaigns/{campaign_id}/{event}", self.move, "POST"),
        ]

    async def all(self, request: Request) -> Response:
        """The campaigns, newest first."""
        query = {"cursor": request.query_params.get("cursor"), "status": request.query_params.get("status") or None}
        campaigns = await self._api.campaigns.all(asked(request, read_model(CampaignsPaging, query, "query")))
        return page("campaigns.html", campaigns=campaigns, known=await self._api.notices.all())

    async def new(self, request: Request) -> Response:
        """An empty form."""
        return await self._form(request, {**DEFAULTS, "list_id": request.query_params.get("list_id", "")})

    async def _form(self, request: Request, form: Mapping[str, str], problem: Problem | None = None) -> Response:
        lists: Any = await self._api.lists.all(asked(request, Paging(page_size=200)))
        agents: Any = await self._api.agents.all(asked(request))
        return page(
            "campaign_new.html",
            problem.status if problem else 200,
            form=form,
            lists=[one for one in lists.lists if one.status == "ready"],
            agents=agents.agents,
            languages=sorted({tag for one in agents.agents for tag in one.agent.languages.allowed}),
            purposes=[str(one) for one in Purpose],
            zones=ZONES,
            **_mistake(problem),
        )

    async def create(self, request: Request) -> Response:
        """Take a form; a mistake brings it back as it was."""
        fields, _ = await form_of(request)
        try:
            draft = read_model(CampaignDraft, _draft(fields), "form")
            campaign: Any = await self._api.campaigns.create(asked(request, body=draft))
        except Problem as problem:
            return await self._form(request, {**DEFAULTS, **fields}, problem)
        return see(f"/campaigns/{campaign.campaign_id}")

    async def one(self, request: Request) -> Response:
        """A draft with its preflight; a launched campaign with its report."""
        return await self._one(request)

    async def _one(
        self, request: Request, form: Mapping[str, str] | None = None, problem: Problem | None = None
    ) -> Response:
        campaign: Any = await self._api.campaigns.one(asked(request))
        assert isinstance(campaign, CampaignAnswer)
        is_draft = campaign.state is CampaignState.DRAFT
        show_preflight = is_draft or "preflight" in request.query_params
        calls = await self._api.calls.all(asked(request, CallsPaging(campaign_id=campaign.id, page_size=20)))
        return page(
            "campaign.html",
            problem.status if problem else 200,
            campaign=campaign,
            form=_as_it_is(campaign) if form is None else form,
            zones=ZONES,
            **_mistake(problem),
            actions=_actions(campaign.state),
            preflight=await self._api.preflight.preflight(asked(request)) if show_preflight else None,
            report=None if is_draft else await self._api.report.report(asked(request)),
            calls=calls,
        )

    async def change(self, request: Request) -> Response:
        """Give a paused campaign what it lacks and, if that button was pressed, let it go on."""
        fields, _ = await form_of(request)
        campaign: Any = await self._api.campaigns.one(asked(request))
        try:
            changes = read_model(CampaignChanges, _changes(fields, campaign), "form")
            await self._api.campaigns.change(asked(request, body=changes))
            if fields.get("then") == "resume":
                await self._api.campaigns.resume(asked(request))
        except Problem as problem:
            return await self._one(request, {**_as_it_is(campaign), **fields}, problem)
        return see(f"/campaigns/{campaign.id}")

    async def move(self, request: Request) -> Response:
        """Launch, pause, resume or cancel."""
        moves: Mapping[str, Any] = {
            "launch": self._api.campaigns.launch,
            "pause": self._api.campaigns.pause,
            "resume": self._api.campaigns.resume,
            "cancel": self._api.campaigns.cancel,
        }
        move = moves.get(request.path_params["event"])
        if move is None:
            raise Problem(404, "There is no such button")
        await move(asked(request))
        return see(f"/campaigns/{request.path_params['campaign_id']}")


def _actions(state: CampaignState) -> list[tuple[str, str]]:
    """The buttons that do something now."""
    return [
        (str(event), label)
        for event, label in ACTIONS.items()
        if NEXT_CAMPAIGN.get((state, event)) not in (None, state)
    ]


def _draft(fields: Mapping[str, str]) -> dict[str, Any]:
    """A form as a campaign is written."""
    plain = ("name", "agent_id", "list_id", "purpose", "language")
    draft: dict[str, Any] = {name: fields[name] for name in plain if name in fields}
    draft["pacing"] = {name: fields[name] for name in ("calls_per_second", "max_concurrent") if name in fields}
    draft["retry"] = {name: fields[name] for name in ("max_attempts",) if name in fields}
    if "budget" in fields:
        draft["budget"] = {"amount": fields["budget"]}
    if "from" in fields or "until" in fields:
        draft["window"] = {"start": fields.get("from", "00:00"), "end": fields.get("until", "24:00")}
    if "starts_at" in fields:
        draft["starts_at"] = _instant("starts_at", fields)
    topics = {name.removeprefix("topic:"): text for name, text in fields.items() if name.startswith("topic:")}
    if topics:
        draft["topic"] = topics
    return draft


def _changes(fields: Mapping[str, str], campaign: Campaign) -> dict[str, Any]:
    """A form as a paused campaign is changed. No budget means no limit; no end and no hours: as they are."""
    pace = {name: fields[name] for name in ("calls_per_second", "max_concurrent") if name in fields}
    changes: dict[str, Any] = {
        "budget": {"amount": fields["budget"]} if "budget" in fields else None,
        "pacing": {**campaign.pacing.model_dump(), **pace},
    }
    if "ends_at" in fields:
        changes["ends_at"] = _instant("ends_at", fields)
    if "from" in fields or "until" in fields:
        changes["window"] = {"start": fields.get("from", "00:00"), "end": fields.get("until", "24:00")}
    return changes


def _as_it_is(campaign: Campaign) -> dict[str, str]:
    """What the form of a paused campaign shows first."""
    return {
        "budget": "" if campaign.budget is None else f"{campaign.budget.amount:g}",
        "calls_per_second": f"{campaign.pacing.calls_per_second:g}",
        "max_concurrent": str(campaign.pacing.max_concurrent),
    }


def _mistake(problem: Problem | None) -> dict[str, Any]:
    """A problem in the words of the form, and the field that has it."""
    if problem is None:
        return {"problem": None, "wrong": ""}
    field = str(problem.fields.get("field", ""))
    wrong = PLACES.get(field, field.partition(".")[0])
    shown = dict(told(problem))
    if wrong in LABELS and field in problem.title:
        shown["title"] = f"{LABELS[wrong]}: this cannot be used"
    return {"problem": shown, "wrong": wrong}


def _instant(name: str, fields: Mapping[str, str]) -> str:
    """What a clock on the wall shows there, as an instant."""
    zone = fields.get("zone", ZONES[0])
    try:
        if zone not in ZONES:
            raise ValueError
        return datetime.fromisoformat(fields[name]).replace(tzinfo=ZoneInfo(zone)).isoformat()
    except ValueError:
        raise Problem(422, f"{LABELS[name]}: this is no time", "Write a date and a time of day.", field=name) from None
