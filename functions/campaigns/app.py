"""The campaigns function's routes: the scheduler's beats, and the queue's orders to dial."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.after_call.beat import after_call_beat
from functions.after_call.services import AfterCallServices
from functions.campaigns.beat import beat
from functions.campaigns.dialler import dial_ordered
from functions.campaigns.services import CampaignServices
from shared.health import health_route
from shared.store.store import StoreError

log = logging.getLogger(__name__)


def make_app(services: CampaignServices, after_calls: AfterCallServices | None = None) -> Starlette:
    """The function as an ASGI app. Without after_calls it dials, and nothing follows."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await services.carrier.close()
        if services.queue is not None:
            await services.queue.close()
        if after_calls is not None:
            await after_calls.sender.close()

    async def tick(_: Request) -> Response:
        """One beat. A second one at the same time finds the work taken and comes back at once."""
        if not services.numbers:
            return JSONResponse({"status": "TWILIO_NUMBERS is not set; there is nothing to call from"}, 503)
        try:
            done = await beat(services)
        except StoreError as error:
            # The scheduler comes again in a minute; what was claimed and not sent is found by the sweeper.
            log.error("beat ended early", extra={"error": type(error).__name__})
            return JSONResponse({"status": "store is away"}, status_code=503)
        log.info("beat", extra=done.to_json())
        return JSONResponse({"status": "ok", **done.to_json()})

    async def after(_: Request) -> Response:
        """Read the calls that have ended, and tell whoever wants to know. Two at a time share the work."""
        if after_calls is None:
            return JSONResponse({"status": "nothing follows calls here"}, 503)
        try:
            done = await after_call_beat(after_calls)
        except StoreError as error:
            log.error("beat after calls ended early", extra={"error": type(error).__name__})
            return JSONResponse({"status": "store is away"}, status_code=503)
        log.info("beat after calls", extra=done.to_json())
        return JSONResponse({"status": "ok", **done.to_json()})

    async def dial(request: Request) -> Response:
        """Send one claimed attempt. Bringing an order twice is bringing it once."""
        attempt_id, fence = request.path_params["attempt_id"], request.query_params.get("fence", "")
        if not fence.isdecimal():
            return JSONResponse({"status": "a fence is wanted"}, status_code=400)
        try:
            sent = await dial_ordered(services, attempt_id, int(fence))
        except StoreError as error:
            log.error("order not carried out", extra={"attempt": attempt_id, "error": type(error).__name__})
            return JSONResponse({"status": "store is away"}, status_code=503)
        return JSONResponse({"status": "ok", "sent": sent})

    routes = [
        health_route("campaigns"),
        Route("/campaigns/tick", tick, methods=["POST"]),
        Route("/campaigns/after-calls", after, methods=["POST"]),
        Route("/campaigns/dial/{attempt_id}", dial, methods=["POST"]),
    ]
    return Starlette(lifespan=lifespan, routes=routes)
