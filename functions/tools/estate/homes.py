"""search_properties and property_details: what is on offer."""

from __future__ import annotations

from pydantic import Field

from functions.tools.estate.agency import Offer, agency
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish

MOST = 3


class SearchProperties(Arguments):
    """What the caller looks for."""

    offer: Offer = Field(description="sale: to buy; rent: to rent.")
    area: str = Field(default="", max_length=60, description="Riverside, hillside or centre; empty for anywhere.")
    bedrooms: int = Field(default=0, ge=0, le=20, description="At least so many.")
    most_price: int | None = Field(default=None, gt=0, description="Euros; a month's rent for offer rent.")


class PropertyDetails(Arguments):
    """Which home."""

    property: str = Field(min_length=1, max_length=80, description="Its id from the search, or its address.")


class Found(Result):
    """Homes that fit, the cheapest first."""

    properties: list[dict[str, str | int]]


class Details(Result):
    """A home."""

    property: str
    address: str
    bedrooms: int
    price: int
    about: str


async def _search(arguments: SearchProperties, context: ToolContext) -> tuple[Result, Wish | None]:
    del context
    area = arguments.area.strip().casefold()
    fitting = [
        (home_id, home)
        for home_id, home in agency().properties.items()
        if home.offer == arguments.offer
        and home.bedrooms >= arguments.bedrooms
        and (not area or home.area in area or area in home.area)
        and (arguments.most_price is None or home.price <= arguments.most_price)
    ]
    if not fitting:
        areas = ", ".join(sorted({home.area for home in agency().properties.values() if home.offer == arguments.offer}))
        message = f"Nothing like that is on offer now. There are homes in {areas}; ask what may differ."
        return Result(status="error", message=message), None
    nearest_first = sorted(fitting, key=lambda one: one[1].price)[:MOST]
    found: list[dict[str, str | int]] = [
        {"property": home_id, "address": home.address, "bedrooms": home.bedrooms, "price": home.price}
        for home_id, home in nearest_first
    ]
    return Found(message="Speak about one of them first. Prices are in euros.", properties=found), None


async def _details(arguments: PropertyDetails, context: ToolContext) -> tuple[Result, Wish | None]:
    del context
    home_id = agency().home(arguments.property)
    if home_id is None:
        return Result(status="error", message="There is no such home on offer. Search again."), None
    home = agency().properties[home_id]
    return Details(
        message="Say where, how big and what it costs, in two sentences; ask whether they would like to see it.",
        property=home_id,
        address=home.address,
        bedrooms=home.bedrooms,
        price=home.price,
        about=home.about,
    ), None


SEARCH_PROPERTIES = Tool(
    name="search_properties",
    description="Homes on offer that fit. Use it before you name any home.",
    arguments=SearchProperties,
    run=_search,
    traits=Traits(may_run_again=True),
)
PROPERTY_DETAILS = Tool(
    name="property_details",
    description="What there is to say about a home.",
    arguments=PropertyDetails,
    run=_details,
    traits=Traits(may_run_again=True),
)
