"""What an estate agency's specialists can do."""

from functions.tools.estate.homes import PROPERTY_DETAILS, SEARCH_PROPERTIES
from functions.tools.estate.mortgage import MORTGAGE_ESTIMATE
from functions.tools.estate.orders import REPORT_REPAIR, REQUEST_VALUATION
from functions.tools.estate.tenants import PAYMENT_STATUS, VERIFY_TENANT
from functions.tools.estate.viewings import BOOK_VIEWING, CANCEL_VIEWING, VIEWING_TIMES

ESTATE = (
    SEARCH_PROPERTIES,
    PROPERTY_DETAILS,
    VIEWING_TIMES,
    BOOK_VIEWING,
    CANCEL_VIEWING,
    MORTGAGE_ESTIMATE,
    REQUEST_VALUATION,
    REPORT_REPAIR,
    VERIFY_TENANT,
    PAYMENT_STATUS,
)

__all__ = ["ESTATE"]
