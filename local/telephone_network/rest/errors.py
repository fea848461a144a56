"""What Twilio's REST API answers when it does not do what it was asked. [pure]"""

from __future__ import annotations

from typing import Any


class RestError(Exception):
    """A refusal with Twilio's number, its words and its HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    @property
    def body(self) -> dict[str, Any]:
        """The JSON that Twilio sends."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


MESSAGES = {
    10004: "Call concurrency limit exceeded",
    13223: "Dial: Invalid phone number format",
    13224: "Dial: Twilio does not support calling this number or the number is invalid",
    13227: "Dial: No International Authorization",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    21201: "No 'To' number is specified",
    21205: "Url is not a valid URL",
    21210: "The source phone number provided is not yet verified for your account",
    21211: "The phone number you are attempting to call is not valid",
    21212: "The 'From' phone number provided is not valid",
    21213: "No 'From' number is specified",
    21214: "The phone number you are attempting to call cannot be reached",
    21215: "Account not authorized to call this number; check geo permissions",
    21216: "Account not allowed to call this number",
    21217: "Phone number does not appear to be valid",
    21219: "The number is unverified; trial accounts may only make calls to verified numbers",
    21220: "Call is not in-progress. Cannot redirect.",
    21609: "Invalid 'StatusCallback' url",
    21626: "Invalid 'StatusCallbackEvent'",
    32018: "The Twiml parameter is longer than 4000 characters",
    573005: "The number is unverified; trial accounts may only make calls to verified numbers",
}
_STATUSES = {20003: 401, 20404: 404, 20429: 429, 20500: 500}


def rest_error(code: int) -> RestError:
    """The error with this number, as Twilio words it."""
    return RestError(code, MESSAGES.get(code, "The request could not be fulfilled"), _STATUSES.get(code, 400))
