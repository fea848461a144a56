"""Campaigns: written, changed, launched, paused, resumed, cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

from functions.console.api.campaign_words import WHAT_NOW, list_not_ready
from functions.console.evaluation import Evaluator
from functions.console.lists.row_document import list_path
from functions.console.operation import Answer, Asked, Operation, Paging, found, page_of
from functions.console.problem import Problem, invalid
from functions.console.services import ConsoleServices
from shared.domain.agent import Agent
from shared.domain.campaign import (
    Campaign,
    CampaignDraft,
    CampaignEvent,
    CampaignState,
    IllegalCampaignEvent,
    PauseReason,
    campaign_path,
)
from shared.domain.campaign_change import refused_while_paused
from shared.domain.contact_row import CALLABLE, RowClass
from shared.store.agents import AgentBook, UnknownAgent
from shared.store.campaigns import move_campaign, read_campaign
from shared.store.launch import load_contacts
from shared.store.store import BadDocument, Document, NotFound, OrderBy, Where


class CampaignAnswer(Campaign):
    """A campaign as the API shows it."""

    campaign_id: str
    status: CampaignState

    @staticmethod
    def of(campaign: Campaign) -> CampaignAnswer:
        """The answer."""
        return CampaignAnswer.model_validate({**dict(campaign), "campaign_id": campaign.id, "status": campaign.state})


class Campaigns(Answer):
    """A page of campaigns, newest first."""

    campaigns: list[CampaignAnswer]
    next: str | None = None


class CampaignsPaging(Paging):
    """Which campaigns to show."""

    status: CampaignState | None = None


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _optional(model: type[BaseModel]) -> type[BaseModel]:
    """The same fields, none of them needed."""
    fields: dict[str, Any] = {
        name: (field.rebuild_annotation(), FieldInfo(default=None, json_schema_extra=_without_default))
        for name, field in model.model_fields.items()
    }
    return create_model(
        "CampaignChanges", __config__={"extra": "forbid"}, __doc__="What a campaign shall say.", **fields
    )


CampaignChanges = _optional(CampaignDraft)


class CampaignsApi:
    """The operations on campaigns."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._store = services.store
        self._clock = services.clock
        self.agents = AgentBook(services.store, services.shipped)

    def operations(self) -> list[Operation]:
        """All of them."""
        one = "/api/campaigns/{campaign_id}"
        moves = {
            "launch": ("Load the contacts and begin to call", self.launch),
            "pause": ("Call nobody more for now; who is being talked to is not cut off", self.pause),
            "resume": ("Go on calling", self.resume),
            "cancel": ("Call nobody more, for good", self.cancel),
        }
        return [
            Operation("POST", "/api/campaigns", "Write a campaign; nobody is called yet", self.create, CampaignAnswer,
                      body=CampaignDraft, status=201),
            Operation("GET", "/api/campaigns", "The campaigns", self.all, Campaigns, query=CampaignsPaging),
            Operation("GET", one, "A campaign", self.one, CampaignAnswer, problems=(404,)),
            Operation("PATCH", one, "Change a draft, or some of what is paused", self.change, CampaignAnswer,
                      body=CampaignChanges, problems=(404, 409)),
            *(Operation("POST", f"{one}/{name}", summary, answer, CampaignAnswer, problems=(404, 409))
              for name, (summary, answer) in moves.items()),
        ]  # fmt: skip

    async def create(self, asked: Asked) -> BaseModel:
        """A new draft."""
        draft: CampaignDraft = asked.body
        await self._check(draft)
        now = self._clock.now()
        campaign = Campaign(**dict(draft), id=f"{now:%y%m%d}-{self._services.new_id()}", created_at=now)
        await self._store.create(campaign_path(campaign.id), campaign.to_document())
        return CampaignAnswer.of(campaign)

    async def all(self, asked: Asked) -> BaseModel:
        """The newest first."""
        paging: CampaignsPaging = asked.query.checked()
        page = await page_of(
            self._store.query(
                "campaigns",
                [Where("state", "==", str(paging.status))] if paging.status else [],
                order_by=[OrderBy("created_at", descending=True)],
                limit=paging.page_size,
                cursor=paging.cursor,
            )
        )
        campaigns = [CampaignAnswer.of(Campaign.from_document(one.data)) for one in page.documents]
        return Campaigns(campaigns=campaigns, next=page.next)

    async def one(self, asked: Asked) -> BaseModel:
        """As it is now."""
        return CampaignAnswer.of(await self.read(asked["campaign_id"]))

    async def change(self, asked: Asked) -> BaseModel:
        """Change what a draft says, or of a paused campaign what it can do with."""
        changes = {name: getattr(asked.body, name) for name in asked.body.model_fields_set}

        def changed(campaign: Campaign) -> Campaign:
            if campaign.state not in {CampaignState.DRAFT, CampaignState.PAUSED}:
                raise _not_a_draft(campaign)
            draft = {name: getattr(campaign, name) for name in CampaignDraft.model_fields}
            wanted = CampaignDraft.model_validate({**draft, **changes})
            refused = refused_while_paused(campaign, wanted) if campaign.state is CampaignState.PAUSED else None
            if refused is not None:
                field, sentence = refused
                raise Problem(409, "The campaign is paused", sentence, code="illegal", field=field)
            return campaign.changed(**dict(wanted))

        try:
            wanted = changed(await self.read(asked["campaign_id"]))
            if wanted.state is CampaignState.DRAFT:
                await self._check(wanted)
            return await self._moved(asked, changed)
        except ValidationError as error:
            raise invalid(error) from None

    async def launch(self, asked: Asked) -> BaseModel:
        """Start calling. Pressing twice is pressing once; what is paused is resumed, not launched."""
        campaign = await self.read(asked["campaign_id"])
        agent = await self._check(campaign)
        if campaign.state is CampaignState.DRAFT:
            await self._check_list(campaign)
            await self._check_somebody(campaign)
        now = self._clock.now()

        def launched(one: Campaign) -> Campaign:
            new = {} if one.launched_at else {"launched_at": now, "agent_version": agent.version}
            return one.advanced(CampaignEvent.LAUNCH, **new)

        answer = await self._moved(asked, launched)
        campaign = await self.read(asked["campaign_id"])
        if not campaign.loaded and campaign.state is CampaignState.RUNNING:
            await load_contacts(self._store, campaign, self._services.launch_s)
            answer = CampaignAnswer.of(await self.read(campaign.id))
        return answer

    async def pause(self, asked: Asked) -> BaseModel:
        """Stop for now. The beat takes back what is queued at the carrier."""
        return await self._moved(
            asked,
            lambda one: (
                one.advanced(CampaignEvent.PAUSE)
                if one.state is CampaignState.PAUSED
                else one.advanced(CampaignEvent.PAUSE, paused_for=PauseReason.PERSON)
            ),
        )

    async def resume(self, asked: Asked) -> BaseModel:
        """Go on. From now on the circuit breaker counts anew."""
        now = self._clock.now()
        return await self._moved(
            asked,
            lambda one: (
                one.advanced(CampaignEvent.RESUME, resumed_at=now)
                if one.state is CampaignState.PAUSED
                else one.advanced(CampaignEvent.RESUME)
            ),
        )

    async def cancel(self, asked: Asked) -> BaseModel:
        """Stop for good."""
        now = self._clock.now()
        return await self._moved(
            asked, lambda one: one.advanced(CampaignEvent.CANCEL, finished_at=one.finished_at or now)
        )

    async def read(self, campaign_id: str) -> Campaign:
        """The campaign. Raises Problem when there is none."""
        try:
            campaign = await read_campaign(self._store, campaign_id)
        except BadDocument:
            campaign = None
        if campaign is None:
            raise Problem(404, "There is no such campaign")
        return campaign

    async def _moved(self, asked: Asked, by: Callable[[Campaign], Campaign]) -> CampaignAnswer:
        try:
            return CampaignAnswer.of(await move_campaign(self._store, asked["campaign_id"], by))
        except (NotFound, BadDocument):
            raise Problem(404, "There is no such campaign") from None
        except IllegalCampaignEvent as error:
            raise Problem(
                409,
                f"The campaign is {error.state}, so there is nothing to {error.event}",
                WHAT_NOW[error.state],
                code="illegal",
                status_now=error.state,
            ) from None

    async def _check(self, draft: CampaignDraft) -> Agent:
        """That what the campaign names is there."""
        try:
            agent = await self.agents.get(draft.agent_id)
        except UnknownAgent:
            raise Problem(422, "There is no such agent", "GET /api/agents tells them.", field="agent_id") from None
        try:
            known = await self._store.get(list_path(draft.list_id))
        except BadDocument:
            known = None
        if known is None:
            raise Problem(422, "There is no such list", "Upload it first.", field="list_id")
        allowed = agent.languages.allowed
        if draft.language and allowed and not speaks(agent, draft.language):
            raise Problem(
                422,
                "The agent does not speak this language",
                f"It speaks {', '.join(allowed)}.",
                field="language",
            )
        return agent

    async def _check_somebody(self, campaign: Campaign) -> None:
        """That the campaign's own hours, countries and end leave somebody to call: what is launched cannot be mended,
        and would skip everybody for good."""
        found = await Evaluator(self._services, campaign).run(until_somebody=True)
        if found.nobody:
            reasons = "; ".join(f"{one.count:,} {code.replace('_', ' ')}" for code, one in found.refused.items())
            raise Problem(
                409,
                "Nobody on the list would ever be called",
                f"Look at the check before launch and change the draft. ({reasons})",
                code="nobody_to_call",
            )

    async def _check_list(self, campaign: Campaign) -> None:
        """That there is somebody to call."""
        document: Document = await found(self._store.get(list_path(campaign.list_id)), "list")
        if document.data["status"] != "ready":
            sentence, fix = list_not_ready(str(document.data["status"]))
            raise Problem(409, sentence, fix, code="list_not_ready", field="list_id")
        counts: Any = document.data["counts"]
        same = document.data["purpose"] == str(campaign.purpose)
        wanted = CALLABLE if same else set(RowClass) - {RowClass.INVALID, RowClass.DUPLICATE}
        if not sum(counts.get(str(one), 0) for one in wanted):
            raise Problem(
                409,
                "The list has nobody who may be called",
                "Look at the reasons in the list's account, mend the rows and upload them again.",
                code="no_contacts",
                field="list_id",
            )


def speaks(agent: Agent, language: str) -> bool:
    """Whether the agent speaks a language, in whatever region's manner; one without a list speaks all."""
    plain = {one.partition("-")[0] for one in agent.languages.allowed}
    return not plain or language.partition("-")[0] in plain


def _not_a_draft(campaign: Campaign) -> Problem:
    return Problem(
        409,
        f"The campaign is {campaign.state}",
        "Only a draft can be changed, and some of a campaign that is paused.",
        code="illegal",
        status_now=campaign.state,
    )
