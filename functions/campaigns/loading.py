"""Loads a launched campaign's contacts from its list, some thousand a beat; calling begins with the first of them."""

from __future__ import annotations

import logging

from functions.campaigns.services import CampaignServices
from shared.store.campaigns import running_campaigns
from shared.store.launch import load_contacts as load
from shared.store.store import StoreError

log = logging.getLogger(__name__)

BUDGET_S = 10.0
"""Per campaign and beat; a list of a million takes some minutes."""


async def load_contacts(services: CampaignServices) -> int:
    """Go on with every campaign whose list is not all in; how many contacts came."""
    loaded = 0
    for campaign in await running_campaigns(services.store, services.clock.now()):
        if campaign.loaded:
            continue
        try:
            loaded += await load(services.store, campaign, BUDGET_S)
        except StoreError as error:
            extra = {"campaign": campaign.id, "error": type(error).__name__}
            log.warning("contacts could not be loaded; the next beat goes on", extra=extra)
    return loaded
