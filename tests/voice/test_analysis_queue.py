"""A call is queued for its analysis from the first moment on, and its turn comes when it is over."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared.domain.analysis import CRASHED, SETTLES, AnalysisJob, AnalysisState, analysis_path
from tests.manual_clock import MONDAY_MORNING
from tests.voice.phone import Phone
from tests.voice.test_calls import TARA, House, house

pytestmark = pytest.mark.virtual_time

LATEST = MONDAY_MORNING + timedelta(seconds=TARA.limits.call_s) + CRASHED


def job_of(home: House, phone: Phone) -> AnalysisJob:
    return AnalysisJob.from_document(home.store.documents[analysis_path(phone.call_sid)][0])


async def test_a_call_is_due_when_it_can_no_longer_go_on_and_soon_once_it_is_over() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        await (await home.model.session()).is_told()
        await home.services.journal.flush(5)
        job = job_of(home, phone)
        assert (job.agent_id, job.agent_version, job.state) == (TARA.id, TARA.version, AnalysisState.DUE)
        assert job.due_at == LATEST, "nobody may ever say that this call is over"
        phone.hang_up()
        await call
        assert job_of(home, phone).due_at == MONDAY_MORNING + SETTLES


async def test_a_call_that_goes_on_with_another_stream_waits() -> None:
    async with house() as home:
        phone = Phone(home.app)
        call = asyncio.create_task(phone.stream(await phone.dial()))
        await (await home.model.session()).is_told()
        phone.drop()
        await call
        await home.services.journal.flush(5)
        assert job_of(home, phone).due_at == LATEST
