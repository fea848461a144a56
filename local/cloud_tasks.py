"""A Cloud Tasks on loopback that speaks the service's own gRPC API, as far as creating HTTP tasks goes.

    python -m local.cloud_tasks --queue projects/parley/locations/local/queues/dial --rate 30

prints the host:port to put into CLOUD_TASKS_ENDPOINT, and delivers tasks at the queue's rate until it is interrupted.
Like the real one it may be told to deliver a task twice, and gives up on a task after its queue's number of attempts.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import grpc
from google.cloud.tasks_v2 import CreateTaskRequest, HttpMethod, Task

METHOD = "/google.cloud.tasks.v2.CloudTasks/CreateTask"


class CloudTasks:
    """One queue."""

    def __init__(
        self, queue: str, *, per_second: float = 500.0, max_concurrent: int = 1000, max_attempts: int = 1
    ) -> None:
        self.queue = queue
        self.copies = 1
        """How often each task is delivered."""
        self.loses = 0
        """So many of the next tasks are taken and never delivered."""
        self.outages = 0
        """So many of the next requests are answered UNAVAILABLE."""
        self.delivered: list[tuple[float, str, int]] = []
        """When (the loop's time), where, and the answer's HTTP status; 0: none came."""
        self.created: list[Task] = []
        self._gap_s = 1 / per_second
        self._max_attempts = max_attempts
        self._lines = asyncio.Semaphore(max_concurrent)
        self._waiting: deque[Task] = deque()
        self._filled = asyncio.Event()
        self._brought = asyncio.Event()

    async def brought(self, deliveries: int) -> None:
        """Wait until so many deliveries have been answered, or given up."""
        while len(self.delivered) < deliveries:
            self._brought.clear()
            await self._brought.wait()

    def create(self, request: CreateTaskRequest) -> Task:
        """Take a task. Raises Refusal."""
        if self.outages > 0:
            self.outages -= 1
            raise Refusal(grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable.")
        if request.parent != self.queue:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "Requested entity was not found.")
        if not request.task.http_request.url.startswith(("http://", "https://")):
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "HttpRequest.url is not a URL.")
        task = Task(request.task, name=f"{self.queue}/tasks/{len(self.created) + 1:019d}")
        self.created.append(task)
        if self.loses > 0:
            self.loses -= 1
            return task
        self._waiting.extend([task] * self.copies)
        self._filled.set()
        return task

    async def deliver(self) -> None:
        """Deliver what waits, at the queue's rate, until cancelled."""
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
            while True:
                while not self._waiting:
                    self._filled.clear()
                    await self._filled.wait()
                next_s = max(next_s, loop.time())
                await asyncio.sleep(next_s - loop.time())
                next_s += self._gap_s
                await self._lines.acquire()
                group.create_task(self._post(http, self._waiting.popleft()))

    async def _post(self, http: aiohttp.ClientSession, task: Task) -> None:
        request = task.http_request
        timeout = aiohttp.ClientTimeout(total=task.dispatch_deadline.total_seconds() or 600)
        headers = {**request.headers, "User-Agent": "Google-Cloud-Tasks", "X-CloudTasks-TaskName": task.name}
        try:
            for _ in range(self._max_attempts):
                sent_s = asyncio.get_running_loop().time()
                try:
                    async with http.request(
                        HttpMethod(request.http_method).name, request.url, headers=headers, timeout=timeout,
                        data=request.body,
                    ) as answer:  # fmt: skip
                        status = answer.status
                except (aiohttp.ClientError, TimeoutError):
                    status = 0
                self.delivered.append((sent_s, request.url, status))
                self._brought.set()
                if 200 <= status < 300:
                    return
        finally:
            self._lines.release()


class Refusal(Exception):
    """The service's own answer to a request it will not serve."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class _OneMethod(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Routes CreateTask; everything else is unimplemented."""

    def __init__(self, tasks: CloudTasks) -> None:
        self._tasks = tasks

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """The method behind this call, if we have it."""
        if call.method != METHOD:
            return None
        return grpc.unary_unary_rpc_method_handler(
            self._create, request_deserializer=CreateTaskRequest.deserialize, response_serializer=Task.serialize
        )

    async def _create(self, request: CreateTaskRequest, context: grpc.aio.ServicerContext) -> Task:
        try:
            return self._tasks.create(request)
        except Refusal as refusal:
            await context.abort(refusal.code, str(refusal))
            raise


@asynccontextmanager
async def cloud_tasks(tasks: CloudTasks) -> AsyncIterator[str]:
    """The queue's host:port while it takes and delivers."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_OneMethod(tasks),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    delivering = asyncio.create_task(tasks.deliver())
    try:
        yield f"127.0.0.1:{port}"
    finally:
        delivering.cancel()
        await asyncio.wait([delivering])
        await server.stop(grace=0)


async def serve(queue: str, per_second: float) -> None:
    """Serve until interrupted."""
    async with cloud_tasks(CloudTasks(queue, per_second=per_second)) as endpoint:
        print(endpoint, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serve the queue on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queue", default="projects/parley/locations/local/queues/dial")
    parser.add_argument("--rate", type=float, default=30.0, help="tasks delivered in a second")
    chosen = parser.parse_args()
    asyncio.run(serve(chosen.queue, chosen.rate))


if __name__ == "__main__":
    main()
