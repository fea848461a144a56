"""Pauses a campaign that fails too often, abandons people, or has no agent or no money left."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from functions.campaigns.services import CampaignServices
from shared.domain.attempt import Attempt
from shared.domain.campaign import Campaign, PauseReason
from shared.domain.counted import counted
from shared.domain.disposition import Disposition
from shared.store.campaigns import pause
from shared.store.store import OrderBy, Where
from shared.store.tallies import Tally, tally_of

log = logging.getLogger(__name__)

WATCHED = timedelta(minutes=2)
FEWEST = 5
MOST_FAILURES = 0.5
"""Half of at least five attempts within two minutes (Dograh's breaker, the only one among the peers)."""
MOST_WATCHED = 500
FEWEST_ANSWERED = 30
ABANDONED_ALARM = 0.01
ABANDONED_LIMIT = 0.03
"""American and British law: at most three in a hundred answered calls may go unanswered by us."""
ROLLING = timedelta(days=1)
"""Over which they are counted, as British policy does; American law takes thirty days."""


def no_agent(campaign: Campaign) -> str:
    """Why nobody may be called: whoever answered would hear nothing."""
    return f"The agent {campaign.agent_id!r} does not exist any more, or cannot work. Mend it, then resume."


async def check_health(services: CampaignServices, campaign: Campaign) -> PauseReason | None:
    """Pause a campaign that does harm; why it was paused."""
    tally = await tally_of(services.store, campaign.id)
    reason, detail = await _why_stop(services, campaign, tally)
    if reason is not None:
        log.error("campaign pauses itself", extra={"campaign": campaign.id, "reason": str(reason)})
        await pause(services.store, campaign.id, reason, detail)
    return reason


async def _why_stop(services: CampaignServices, campaign: Campaign, tally: Tally) -> tuple[PauseReason | None, str]:
    if services.voicing is not None and not await services.voicing.agents.is_there(campaign.agent_id):
        return PauseReason.CONFIGURATION, no_agent(campaign)
    budget = campaign.budget
    if budget is not None and tally.cost >= budget.amount:
        spent = f"{tally.cost:.2f} of {budget.amount:.2f} {budget.currency} are spent"
        return PauseReason.BUDGET, f"{spent}. Raise the budget, then resume."
    unheard, answered = tally.answers_since(_counted_since(services, campaign, ROLLING))
    if answered >= FEWEST_ANSWERED and unheard / answered >= ABANDONED_LIMIT:
        heard = f"{unheard} of {counted(answered, 'person', 'people')} who answered heard nothing for two seconds"
        return PauseReason.ABANDONMENT, f"{heard}. Find out why, then resume; counting begins anew."
    if answered >= FEWEST_ANSWERED and unheard / answered >= ABANDONED_ALARM:
        log.error("abandoned calls near the limit", extra={"campaign": campaign.id, "abandoned": unheard})
    return await _failing(services, campaign)


def _counted_since(services: CampaignServices, campaign: Campaign, watched: timedelta) -> datetime:
    """How far to look back: so long, but not beyond the moment at which a person resumed the campaign."""
    since = services.clock.now() - watched
    return since if campaign.resumed_at is None else max(since, campaign.resumed_at)


async def _failing(services: CampaignServices, campaign: Campaign) -> tuple[PauseReason | None, str]:
    """Faults of the carrier among the calls it was asked for, and ours among the people who answered. Bad numbers and
    people who do not answer are nobody's fault."""
    since = _counted_since(services, campaign, WATCHED)
    page = await services.store.query(
        "attempts",
        [Where("campaign_id", "==", campaign.id), Where("created_at", ">=", since)],
        order_by=[OrderBy("created_at", descending=True)],
        limit=MOST_WATCHED,
    )
    attempts = [Attempt.from_document(document.data) for document in page.documents]
    # What fails does so at once, and what goes well takes a minute: a call that rings counts like one that is over.
    reached = [one for one in attempts if one.disposition or one.rang_at or one.answered_at]
    answered = [one for one in reached if one.answered_at or one.disposition is Disposition.AGENT_FAILED]
    for disposition, among in ((Disposition.CARRIER_FAILED, reached), (Disposition.AGENT_FAILED, answered)):
        failed = [one for one in among if one.disposition is disposition]
        if len(among) >= FEWEST and len(failed) / len(among) > MOST_FAILURES:
            causes = ", ".join(sorted({str(one.error_code or one.sip_code or disposition) for one in failed}))
            told = f"{len(failed)} of the last {counted(len(among), 'call')} failed: {causes}"
            return PauseReason.BREAKER, f"{told}. Find out why, then resume; counting begins anew."
    return None, ""
