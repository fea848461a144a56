"""order_gift_card and gift_card_balance. Cards are paid at the desk; no card number is taken by telephone."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

from pydantic import Field

from functions.tools.salon.mirabel import salon
from functions.tools.tool import Arguments, Result, Tool, ToolContext, Traits, Wish
from shared.store.store import AlreadyExists, Data


class OrderGiftCard(Arguments):
    """A card."""

    amount: int = Field(gt=0, description="Euros.")
    name: str = Field(default="", max_length=80, description="Who fetches it, if they said it.")


class GiftCardBalance(Arguments):
    """Which card."""

    code: str = Field(min_length=3, max_length=20, description="The code on the card.")


class Card(Result):
    """A card; amount in euros."""

    code: str
    amount: int


async def _order(arguments: OrderGiftCard, context: ToolContext) -> tuple[Result, Wish | None]:
    if not salon().least_gift <= arguments.amount <= salon().most_gift:
        message = f"A gift card has from {salon().least_gift} to {salon().most_gift} euros. Ask for another amount."
        return Result(status="error", message=message), None
    code = sha256(context.idempotency_key.encode()).hexdigest()[:6].upper()
    fields: Data = {"amount": arguments.amount, "name": arguments.name, "paid": False, "created_at": context.now()}
    # The same call of the tool, seen twice, finds what it made.
    with suppress(AlreadyExists):
        await context.store.create(f"gift_cards/{code}", fields)
    message = "It lies at the desk and is paid there. Say so; say the code only if they ask."
    return Card(message=message, code=code, amount=arguments.amount), None


async def _balance(arguments: GiftCardBalance, context: ToolContext) -> tuple[Result, Wish | None]:
    code = "".join(sign for sign in arguments.code.upper() if sign.isascii() and sign.isalnum())
    kept = await context.store.get(f"gift_cards/{code}") if code else None
    amount = salon().gift_cards.get(code) if kept is None else int(str(kept.data["amount"]))
    if amount is None or (kept is not None and not kept.data["paid"]):
        return Result(
            status="error", message="There is no such card, or it is not paid yet. Ask for the code again."
        ), None
    return Card(message="Say how much is left.", code=code, amount=amount), None


ORDER_GIFT_CARD = Tool(
    name="order_gift_card",
    description="Puts a gift card at the desk, where it is paid. Say the amount back first.",
    arguments=OrderGiftCard,
    run=_order,
    traits=Traits(may_run_again=True),
)
GIFT_CARD_BALANCE = Tool(
    name="gift_card_balance",
    description="How much is left on a gift card, for whoever says its code.",
    arguments=GiftCardBalance,
    run=_balance,
    traits=Traits(may_run_again=True),
)
