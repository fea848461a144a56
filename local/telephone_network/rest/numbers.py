"""The IncomingPhoneNumbers resource of Twilio's REST API."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from local.telephone_network.network import TelephoneNetwork
from local.telephone_network.rest.call_resource import API_VERSION, rfc2822
from local.telephone_network.rest.errors import rest_error
from local.telephone_network.rest.form import Form, is_url
from local.telephone_network.rest.page import Answer, page


class NumbersResource:
    """The account's own numbers and what happens when they are called."""

    def __init__(self, network: TelephoneNetwork) -> None:
        self._network = network
        self._exchange = network.exchange

    async def numbers(self, request: Request, form: Form) -> Answer:
        """Every number, or the one asked for."""
        wanted = form.one("PhoneNumber")
        numbers = self._exchange.account.numbers
        shown = [self._resource(number) for number in numbers if wanted is None or number == wanted]
        return page(request, form, "incoming_phone_numbers", shown)

    async def number(self, request: Request, form: Form) -> Answer:
        """One number."""
        return 200, self._resource(self._phone_number(request))

    async def configure(self, request: Request, form: Form) -> Answer:
        """Change what is requested when somebody calls a number."""
        phone_number = self._phone_number(request)
        changes = {
            "VoiceUrl": "voice_url",
            "VoiceFallbackUrl": "voice_fallback_url",
            "StatusCallback": "status_callback",
        }
        for field_name, attribute in changes.items():
            url = form.one(field_name)
            if url is None:
                continue
            if not is_url(url):
                raise rest_error(21205)
            self._network.own(phone_number, **{attribute: url})
        if (method := form.one("VoiceMethod")) is not None:
            self._network.own(phone_number, voice_method=method.upper())
        return 200, self._resource(phone_number)

    def _phone_number(self, request: Request) -> str:
        sid = request.path_params["sid"]
        for phone_number, number in self._exchange.account.numbers.items():
            if number.sid == sid:
                return phone_number
        raise rest_error(20404)

    def _resource(self, phone_number: str) -> dict[str, Any]:
        number = self._exchange.account.numbers[phone_number]
        created = rfc2822(self._exchange.time.now())
        return {
            "sid": number.sid,
            "account_sid": self._exchange.account.sid,
            "phone_number": phone_number,
            "friendly_name": phone_number,
            "voice_url": number.voice_url,
            "voice_method": number.voice_method,
            "voice_fallback_url": number.voice_fallback_url,
            "status_callback": number.status_callback,
            "status_callback_method": number.status_callback_method,
            "capabilities": {"voice": True, "sms": False, "mms": False, "fax": False},
            "date_created": created,
            "date_updated": created,
            "api_version": API_VERSION,
            "uri": f"/{API_VERSION}/Accounts/{self._exchange.account.sid}/IncomingPhoneNumbers/{number.sid}.json",
        }
