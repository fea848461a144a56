"""A Hindi-English campaign to people who speak, through real sockets and on both stores, as the demonstration has it.

Interested in Hindi, a callback asked for in Hinglish, an opt-out in Hindi, a machine, a busy line, nobody at home: each
contact ends in its disposition and its outcome, and is due again when it should be.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from local.demo.campaign import campaign, check_campaign
from local.dialogues import dialogue_of
from tests.calls.test_voicemail import NOON_IN_INDIA
from tests.calls.test_whole_call import laptop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


async def test_everybody_on_the_list_comes_to_the_right_end(
    tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOCK", NOON_IN_INDIA)
    async with (
        laptop(tmp_path, store_url) as home,
        campaign(home.http, home.network, dialogue_of("renewal")) as run,
    ):
        pass
    assert [f"{check.what}: {check.seen}" for check in check_campaign(run) if not check.holds] == []
