"""A page of the console: rendered on the server, with every cell escaped, and its problems said in words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from functions.console.lists.list_error import ListError
from functions.console.operation import Asked
from functions.console.problem import Problem, list_problem
from shared.domain.counted import counted

HERE = Path(__file__).resolve().parent
TITLES = {
    "ok": "Ready to call",
    "repaired": "Repaired, ready to call",
    "duplicate": "Duplicate",
    "invalid": "No usable number",
    "suppressed": "On the do-not-call list",
    "no_consent": "No consent",
    "tz_unknown": "Time zone unknown",
    "draft": "Draft",
    "running": "Running",
    "paused": "Paused",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "reading": "Being read",
    "ready": "Ready",
    "failed": "Not readable",
    "in_progress": "In progress",
    "tz": "Time zone",
    "outside_window": "Outside calling hours",
    "number_blocked": "The carrier does not connect this number",
    "finished": "Done with",
    "country_not_enabled": "The account may not call this country",
    "cap_total": "All attempts made",
    "not_running": "The campaign is not running",
    "expired": "Too late to call",
    "budget": "The budget is spent",
    "rule_error": "The calling rules could not be applied",
    "consent_withdrawn": "Another row says no",
    "consent_denied": "Said no",
    "consent_unknown": "Nobody knows whether they consented",
    "dnc_registry": "On a public do-not-call registry",
    "cap_24h": "Called within 24 hours",
    "cap_7d": "Called too often in 7 days",
    "cap_30d": "Called too often in 30 days",
    "not_due": "Next attempt not due yet",
    "no_answer": "No answer",
    "goal_met": "Goal met",
}
"""What stands for a code on a page; others are read as they are, with spaces."""

Answer = Callable[[Request], Awaitable[Response]]


def title(code: object) -> str:
    """A code in words."""
    text = str(code)
    return TITLES.get(text) or text.replace("_", " ").capitalize()


def instant(at: datetime | str | None) -> str:
    """An instant in UTC; the browser turns it into its own time."""
    if at is None or at == "":
        return ""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.strftime("%d %b %Y, %H:%M UTC")


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{round(seconds)} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def number(value: float) -> str:
    """1234567 as 1,234,567."""
    return f"{value:,}"


ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters.update(title=title, instant=instant, duration=duration, number=number, counted=counted)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A template, filled in."""
    return HTMLResponse(ENVIRONMENT.get_template(template).render(values), status_code=status)


def page_route(path: str, answer: Answer, method: str = "GET") -> Route:
    """A route whose problems are pages too."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except ListError as error:
            problem = list_problem(error)
        except Problem as error:
            problem = error
        finally:
            await request.close()
        return page("problem.html", problem.status, problem=told(problem))

    return Route(f"/console{path}", answered, methods=[method])


def told(problem: Problem) -> Mapping[str, Any]:
    """A problem as a page shows it."""
    return {
        "title": problem.title,
        "detail": problem.detail,
        **{"field": "", "row": "", "column": ""},
        **problem.fields,
    }


def see(path: str) -> Response:
    """Go and look there; after a form, so that reloading sends nothing twice."""
    return RedirectResponse(f"/console{path}", status_code=303)


async def form_of(request: Request) -> tuple[dict[str, str], UploadFile | None]:
    """The filled-in fields of a form, and its file if one was chosen."""
    form = await request.form(max_files=1, max_fields=500)
    file = form.get("file")
    fields = {name: value.strip() for name, value in form.items() if isinstance(value, str) and value.strip()}
    return fields, file if isinstance(file, UploadFile) and file.filename else None


def asked(request: Request, query: Any = None, body: Any = None, file: UploadFile | None = None) -> Asked:
    """The same as a question to the API."""
    return Asked(request, query, body, file)
