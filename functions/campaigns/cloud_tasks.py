"""The queue of dial requests on Google Cloud Tasks, whose own rate holds however many instances send."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import grpc
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcAsyncIOTransport

from functions.campaigns.dialler import QueueAway
from shared.domain.attempt_check import CLAIM_LEASE

PUT_DEADLINE_S = 5.0


class CloudTasksQueue:
    """One queue, whose tasks post to the campaigns function."""

    def __init__(
        self, queue: str, campaigns_url: str, *, service_account: str | None = None, endpoint: str | None = None
    ) -> None:
        self._queue = queue
        self._origin = campaigns_url.rstrip("/")
        self._service_account = service_account
        self._endpoint = endpoint
        self._client: Any = None

    async def put(self, attempt_id: str, fence: int) -> None:
        """Order one attempt to be sent. An order that comes twice is harmless, so it may be repeated. Raises
        QueueAway."""
        try:
            # The SDK's own policy of retries is left out: what is not taken at once will be late.
            await self._open().create_task(
                parent=self._queue, task=self._task(attempt_id, fence), timeout=PUT_DEADLINE_S, retry=None
            )
        except (GoogleAPICallError, RetryError, grpc.aio.AioRpcError) as error:
            raise QueueAway(f"the queue did not take an order ({type(error).__name__})") from None

    async def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            await self._client.transport.close()
            self._client = None

    def _task(self, attempt_id: str, fence: int) -> tasks_v2.Task:
        request = tasks_v2.HttpRequest(
            url=f"{self._origin}/campaigns/dial/{quote(attempt_id, safe='')}?fence={fence}",
            http_method=tasks_v2.HttpMethod.POST,
        )
        if self._service_account is not None:
            request.oidc_token = tasks_v2.OidcToken(service_account_email=self._service_account, audience=self._origin)
        # No longer than the claim's own lease: what has not been sent by then must not be.
        return tasks_v2.Task(http_request=request, dispatch_deadline=CLAIM_LEASE)

    def _open(self) -> Any:
        # Made with the first order: a channel belongs to the event loop that it is made in.
        if self._client is None:
            if self._endpoint is None:
                self._client = tasks_v2.CloudTasksAsyncClient()
            else:
                channel = grpc.aio.insecure_channel(self._endpoint)
                self._client = tasks_v2.CloudTasksAsyncClient(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))
        return self._client
