"""What people are told when a campaign or its list is in a state in which something cannot be done. [pure]"""

from __future__ import annotations

from shared.domain.campaign import CampaignState

WHAT_NOW = {
    CampaignState.DRAFT: "It has not been launched; launch it first.",
    CampaignState.RUNNING: "It is calling already.",
    CampaignState.PAUSED: "Resume it to go on calling.",
    CampaignState.COMPLETED: "That is for good; write another campaign to call again.",
    CampaignState.CANCELLED: "That is for good; write another campaign to call again.",
}
"""What can be done with a campaign instead, by its state."""


def list_not_ready(status: str) -> tuple[str, str]:
    """What is the matter with a list in this state ("gone": there is none), and what to do."""
    return {
        "reading": ("The list is still being read.", "Wait until it is ready; its page shows how far it has come."),
        "failed": ("The list could not be read.", "Its page says why; upload it again and choose the new one."),
        "gone": ("The list is not there any more.", "Upload it again and choose the new one."),
    }.get(status, (f"The list is {status}.", "Look at its page."))
