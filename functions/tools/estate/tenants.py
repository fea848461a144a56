"""verify_tenant and payment_status: nothing of an account is said before its holder is verified in this call."""

from __future__ import annotations

import hmac
import re
from typing import Any

from pydantic import Field

from functions.tools.estate.agency import agency
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish
from shared.store.store import AlreadyExists, Conflict, Create

MOST_TRIES = 3
"""Of the account's digits in one call."""
SEEDED = "tenant_registers/marlow"
CONFLICTS = 5
LOCKED = Result(
    status="error", message="Too many were wrong. Say nothing of any account in this call; offer to take a message."
)
WRONG = Result(status="error", message="That does not match our records. Do not say what does; ask once more.")


class VerifyTenant(Arguments):
    """What proves who is calling."""

    contract: str = Field(min_length=1, max_length=20, description="The contract's number, in digits.")
    account_digits: str = Field(min_length=1, max_length=20, description="The last four digits of the bank account.")


class NoArguments(Arguments):
    """Nothing: whoever was verified is meant."""


class Payments(Result):
    """The verified tenant's account, in euros."""

    paid_until: str
    open: int
    rent: int


async def _verify(arguments: VerifyTenant, context: ToolContext) -> tuple[Result, Wish | None]:
    await _seed(context)
    path = _path(context)
    for _ in range(CONFLICTS):
        known = await context.store.get(path)
        tries = 0 if known is None else int(str(known.data["tries"]))
        if tries >= MOST_TRIES:
            return LOCKED, None
        contract = re.sub(r"\D", "", arguments.contract)
        tenant = await context.store.get(f"tenants/{contract}") if contract else None
        expected = "" if tenant is None else str(tenant.data["account_digits"])
        right = bool(expected) and hmac.compare_digest(expected, re.sub(r"\D", "", arguments.account_digits))
        changes = {"tries": 0 if right else tries + 1, "contract": contract if right else None}
        try:
            # Counted before anybody learns whether it was right, so that asking at once does not give more tries.
            if known is None:
                await context.store.create(path, {**changes, "at": context.now()})
            else:
                await context.store.update(path, changes, expected=known.version)
        except (Conflict, AlreadyExists):
            continue
        if right:
            return Result(message="Verified. You may now speak about this tenant's payments."), None
        return (LOCKED if tries + 1 >= MOST_TRIES else WRONG), None
    return LOCKED, None


async def _status(arguments: NoArguments, context: ToolContext) -> tuple[Result, Wish | None]:
    del arguments
    known = await context.store.get(_path(context))
    contract = known.data.get("contract") if known is not None else None
    tenant = await context.store.get(f"tenants/{contract}") if contract else None
    if tenant is None:
        return Result(status="error", message="The caller is not verified. Use verify_tenant, then try again."), None
    data: Any = tenant.data
    message = "Say whether the rent has arrived, and what is open if anything is."
    return Payments(message=message, paid_until=data["paid_until"], open=data["open"], rent=data["rent"]), None


def _path(context: ToolContext) -> str:
    return f"tenant_calls/{context.call_sid}"


async def _seed(context: ToolContext) -> None:
    """Copy the file's tenants into a register that is new."""
    if await context.store.get(SEEDED) is not None:
        return
    tenants = [Create(f"tenants/{one.contract}", one.model_dump(exclude={"contract"})) for one in agency().tenants]
    try:
        await context.store.batch([Create(SEEDED, {"at": context.now()}), *tenants])
    except AlreadyExists:
        return  # another call has just done it


VERIFY_TENANT = Tool(
    name="verify_tenant",
    description="Compares a contract's number and the last digits of the account with our records.",
    arguments=VerifyTenant,
    run=_verify,
    traits=Traits(may_run_again=True),
)
PAYMENT_STATUS = Tool(
    name="payment_status",
    description="Whether the verified tenant's rent has arrived and what is open.",
    arguments=NoArguments,
    run=_status,
    traits=Traits(may_run_again=True),
)
