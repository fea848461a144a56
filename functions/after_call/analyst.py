"""Asks a text model to read a call, by google-genai, and only where the agent's own calls may go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.after_call.question import Question
from shared.domain.agent import Agent
from shared.errors import ConfigurationError
from shared.genai import Place

if TYPE_CHECKING:
    from google.genai import Client

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 60.0
MOST_TOKENS = 8_192
"""Of the answer and, with models that think, of their thoughts."""
GONE = 404
"""Google's word for a model that it does not have here, or has no more."""


class AnalystAway(Exception):
    """The text model could not be asked, or gave no answer; trying again later may help."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What it said, and which model it was."""

    text: str
    model: str


class Analyst:
    """Asks the first of the models that the place of an agent has."""

    def __init__(self, place_of: Callable[[Agent], Place], client_at: Callable[[Place], Client], models: Sequence[str]):
        self._place_of = place_of
        self._client_at = client_at
        self._models = tuple(models)
        self._gone: set[tuple[Place, str]] = set()

    async def ask(self, agent: Agent, question: Question) -> Answer:
        """The answer to a question about a call of this agent's. Raises AnalystAway, with a phrase that is ours."""
        place = self._place_of(agent)
        try:
            client = self._client_at(place)
        except ConfigurationError:
            raise AnalystAway("the place where this agent's calls may go is not configured") from None
        for model in self._models:
            if (place, model) in self._gone:
                continue
            answer = await self._ask(client, model, question)
            if answer is not None:
                return answer
            log.warning("a text model is not to be had here; trying the next", extra={"model": model, "place": place})
            self._gone.add((place, model))
        raise AnalystAway("none of ANALYSIS_MODELS is to be had where this agent's calls may go")

    async def _ask(self, client: Client, model: str, question: Question) -> Answer | None:
        """None: there is no such model here."""
        from google.genai.errors import APIError

        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                response = await client.aio.models.generate_content(
                    model=model, contents=question.text, config=_config(question)
                )
        except APIError as error:
            if error.code == GONE:
                return None
            raise AnalystAway(_REFUSALS.get(error.code or 0, f"the text model answered {error.code}")) from None
        except TimeoutError:
            raise AnalystAway("the text model did not answer in time") from None
        except Exception as error:
            # The SDK's HTTP client has errors of its own, and changes it now and then.
            raise AnalystAway(f"the text model could not be reached ({type(error).__name__})") from None
        if not response.text:
            raise AnalystAway(f"the text model gave no answer ({_why(response)})")
        return Answer(response.text, response.model_version or model)


_REFUSALS = {
    401: "the text model does not take our credentials",
    403: "the text model does not take our credentials",
    429: "the text model's quota is used up",
}


def _config(question: Question) -> Any:
    from google.genai import types

    return types.GenerateContentConfig(
        system_instruction=question.instruction,
        response_mime_type="application/json",
        response_json_schema=dict(question.schema),
        max_output_tokens=MOST_TOKENS,
    )


def _why(response: Any) -> str:
    candidates = response.candidates or []
    reason = candidates[0].finish_reason if candidates else None
    return str(getattr(reason, "value", None) or "nothing said why")
