"""What a salon's specialists can do."""

from functions.tools.salon.advice import TREATMENT_ADVICE
from functions.tools.salon.bookings import BOOK_TREATMENT, CANCEL_TREATMENT, SALON_TIMES
from functions.tools.salon.gift_cards import GIFT_CARD_BALANCE, ORDER_GIFT_CARD

SALON = (TREATMENT_ADVICE, SALON_TIMES, BOOK_TREATMENT, CANCEL_TREATMENT, ORDER_GIFT_CARD, GIFT_CARD_BALANCE)

__all__ = ["SALON"]
