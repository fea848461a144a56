"""mortgage_estimate: what a loan with equal instalments would cost a month. An estimate, never an offer."""

from __future__ import annotations

from pydantic import Field

from functions.tools.estate.agency import agency
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish

MONTHS = 12


class MortgageEstimate(Arguments):
    """A loan."""

    price: int = Field(gt=0, le=100_000_000, description="Of the home, in euros.")
    deposit: int = Field(ge=0, description="What they can pay themselves, in euros.")
    years: int = Field(ge=1, le=40, description="Until it is paid off.")


class Estimate(Result):
    """What it would cost, in euros."""

    loan: int
    monthly: int
    rate_percent: float


def monthly_rate(loan: float, rate_percent: float, years: int) -> float:
    """An annuity's instalment."""
    rate, months = rate_percent / 100 / MONTHS, years * MONTHS
    return loan / months if rate == 0 else loan * rate / (1 - (1 + rate) ** -months)


async def _estimate(arguments: MortgageEstimate, context: ToolContext) -> tuple[Result, Wish | None]:
    del context
    loan = arguments.price - arguments.deposit
    if loan <= 0:
        return Result(status="error", message="With so much of their own they need no loan. Say so."), None
    rate = agency().mortgage_rate
    return Estimate(
        message="Say the amount a month in round figures, and that it is an estimate and no offer.",
        loan=loan,
        monthly=round(monthly_rate(loan, rate, arguments.years)),
        rate_percent=rate,
    ), None


MORTGAGE_ESTIMATE = Tool(
    name="mortgage_estimate",
    description="What a mortgage would cost a month, roughly.",
    arguments=MortgageEstimate,
    run=_estimate,
    traits=Traits(may_run_again=True),
)
