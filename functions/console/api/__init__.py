"""The JSON API: every operation, by what it is about."""

from __future__ import annotations

from collections.abc import Sequence

from functions.console.api.agents import AgentsApi
from functions.console.api.calls import CallsApi
from functions.console.api.campaigns import CampaignsApi
from functions.console.api.lists import ListsApi
from functions.console.api.live import LiveApi
from functions.console.api.messages import MessagesApi
from functions.console.api.notices import NoticesApi
from functions.console.api.numbers import NumbersApi
from functions.console.api.preflight import PreflightApi
from functions.console.api.recordings import RecordingsApi
from functions.console.api.report import ReportApi
from functions.console.api.suppressions import SuppressionsApi
from functions.console.api.uploads import UploadsApi
from functions.console.api.webhooks import WebhooksApi
from functions.console.list_desk import ListDesk
from functions.console.operation import Operation
from functions.console.services import ConsoleServices
from functions.console.uploads import Uploads


class Api:
    """What the console can be asked for; the pages ask it too."""

    def __init__(self, services: ConsoleServices) -> None:
        uploads = Uploads(services)
        self.services = services
        self.desk = ListDesk(services)
        self.lists = ListsApi(services, self.desk, uploads)
        self.uploads = UploadsApi(uploads)
        self.campaigns = CampaignsApi(services)
        self.preflight = PreflightApi(services, self.campaigns)
        self.report = ReportApi(services, self.campaigns)
        self.calls = CallsApi(services)
        self.recordings = RecordingsApi(services)
        self.messages = MessagesApi(services)
        self.suppressions = SuppressionsApi(services, self.desk, uploads)
        self.agents = AgentsApi(services)
        self.numbers = NumbersApi(services)
        self.live = LiveApi(services)
        self.webhooks = WebhooksApi(services)
        self.notices = NoticesApi(services)

    def operations(self) -> Sequence[Operation]:
        """Every operation, in the order of the document."""
        return [
            *self.lists.operations(),
            *self.uploads.operations(),
            *self.campaigns.operations(),
            *self.preflight.operations(),
            *self.report.operations(),
            *self.calls.operations(),
            *self.recordings.operations(),
            *self.messages.operations(),
            *self.suppressions.operations(),
            *self.agents.operations(),
            *self.numbers.operations(),
            *self.live.operations(),
            *self.webhooks.operations(),
            *self.notices.operations(),
        ]
