"""One page of a list, as Twilio's REST API cuts them. [pure]"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from local.telephone_network.rest.form import Form

Answer = tuple[int, dict[str, Any]]
"""HTTP status and JSON body."""


def page(request: Request, form: Form, key: str, items: list[Any]) -> Answer:
    """The page that was asked for, and the URIs of its neighbours."""
    size = max(1, min(int(form.number("PageSize", 50)), 1000))
    number = max(0, int(form.number("Page", 0)))
    shown = items[number * size : (number + 1) * size]

    def uri(of: int) -> str:
        url = request.url.include_query_params(PageSize=size, Page=of, PageToken=f"PA{of}")
        return f"{url.path}?{url.query}"

    return 200, {
        key: shown,
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": number * size + max(0, len(shown) - 1),
        "uri": uri(number),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(number - 1) if number else None,
        "next_page_uri": uri(number + 1) if len(items) > (number + 1) * size else None,
    }
