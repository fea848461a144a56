"""The route by which the platform and the deployment ask a function whether it stands."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def health_route(function: str) -> Route:
    """GET /healthz of one function. It asks nobody else: a slow database must not take calls off the line."""

    async def healthz(_: Request) -> JSONResponse:
        return JSONResponse({"ok": True, "function": function})

    return Route("/healthz", healthz, methods=["GET"])
