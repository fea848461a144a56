"""treatment_advice: what helps, how long it takes and what it costs."""

from __future__ import annotations

import re

from pydantic import Field

from functions.tools.salon.mirabel import salon
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish

MOST = 3
SAYS_NOTHING = frozenset("and or my is it the a for hair with very of to".split())


class TreatmentAdvice(Arguments):
    """What is wanted."""

    concern: str = Field(min_length=2, max_length=200, description="How the hair or skin is, or what they want.")


class Advice(Result):
    """Treatments that fit, the best first; prices in euros."""

    treatments: list[dict[str, str | int]]


async def _advise(arguments: TreatmentAdvice, context: ToolContext) -> tuple[Result, Wish | None]:
    del context
    said = _words(arguments.concern)
    fit = {key: len(said & _words(f"{one.name} {one.helps}")) for key, one in salon().treatments.items()}
    best = sorted((key for key in fit if fit[key]), key=lambda key: (-fit[key], salon().treatments[key].price))[:MOST]
    if not best:
        names = ", ".join(one.name for one in salon().treatments.values())
        return Result(status="error", message=f"Nothing fits that. There is {names}; ask what they would like."), None
    known = salon().treatments
    listed: list[dict[str, str | int]] = [
        {"treatment": key, "name": known[key].name, "minutes": known[key].minutes, "price": known[key].price}
        for key in best
    ]
    return Advice(message="Recommend one, with time and price, and ask whether to book it.", treatments=listed), None


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.casefold())) - SAYS_NOTHING


TREATMENT_ADVICE = Tool(
    name="treatment_advice",
    description="Which treatments help, how long they take and what they cost.",
    arguments=TreatmentAdvice,
    run=_advise,
    traits=Traits(may_run_again=True),
)
