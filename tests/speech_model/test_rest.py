"""Models and generateContent through Google's SDK."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import errors, types
from pydantic import BaseModel

from local.dialogues import Dialogue
from local.speech_model.doors import Keys
from local.speech_model.model_answers import answer
from tests.speech_model.conftest import Studio
from tests.speech_model.live_caller import FLASH_31, LIVE_38, Speech

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")
"""The SDK's own doing."""
TRANSCRIPT = """Read this call.
agent: Hello, this is Asha Clinic. How can I help you today?
caller: मुझे appointment book करना है, please.
agent: It is booked.
caller: Thank you, great!
"""


class Reading(BaseModel):
    outcome: str
    summary: str
    languages: list[str]
    sentiment: float
    reason: str | None


@pytest.mark.portable
@pytest.mark.parametrize(("vertexai", "there", "elsewhere"), [(False, FLASH_31, "x"), (True, LIVE_38, FLASH_31)])
async def test_models_are_listed(speech: Speech, vertexai: bool, there: str, elsewhere: str) -> None:
    client = speech.client(vertexai=vertexai).aio
    names = [(model.name or "").rpartition("/")[2] async for model in await client.models.list()]
    await client.aclose()
    assert there in names
    assert elsewhere not in names


@pytest.mark.portable
@pytest.mark.parametrize("vertexai", [False, True])
async def test_an_object_of_the_wanted_shape_comes_back(speech: Speech, vertexai: bool) -> None:
    client = speech.client(vertexai=vertexai).aio
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Reading)
    answer = await client.models.generate_content(model="gemini-3.1-flash", contents=TRANSCRIPT, config=config)
    await client.aclose()
    reading = answer.parsed
    assert isinstance(reading, Reading)
    assert reading.outcome == "booked"
    assert reading.summary.endswith("Thank you, great!")
    assert reading.languages == ["hi", "en"]
    assert reading.sentiment > 0
    assert reading.reason is None
    assert answer.usage_metadata is not None


async def test_plain_text_without_a_schema(speech: Speech) -> None:
    client = speech.client().aio
    answer = await client.models.generate_content(model="gemini-2.5-flash", contents="Say something.")
    await client.aclose()
    assert answer.text == "Say something."


async def test_what_is_refused(studio: Studio) -> None:
    speech = await studio.model(keys=Keys(api_keys={"right"}))
    for key, model, code in (("wrong", "gemini-3.1-flash", 400), ("right", "gpt", 404), ("right", FLASH_31, 404)):
        client = speech.client(key).aio
        with pytest.raises(errors.ClientError) as refused:
            await client.models.generate_content(model=model, contents="x")
        await client.aclose()
        assert refused.value.code == code
    right = {"x-goog-api-key": "right"}
    async with speech.http() as http:
        path = "/v1beta/models/gemini-3.1-flash:generateContent"
        assert (await http.post(path, content=b"{", headers=right)).status_code == 400
        assert (await http.post(path, json={"contents": []}, headers=right)).status_code == 400
        assert (await http.post(path, json={})).status_code == 403
        assert (await http.get("/v1beta/models/gemini-3.1-flash", headers=right)).json()[
            "name"
        ] == "models/gemini-3.1-flash"
        assert (await http.get("/v2/models", headers=right)).status_code == 404
        assert (await http.get("/v1beta/models/gemini-3.1-flash:sing", headers=right)).status_code == 404


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "STRING", "enum": ["no_answer", "thank_you", "hello"]}, "thank_you"),
        ({"type": "string", "enum": ["never", "said"]}, "never"),
        ({"type": "integer", "minimum": 0, "maximum": 100}, 100),
        ({"type": "number"}, 0.0),
        ({"type": "boolean"}, False),
        ({"type": ["string", "null"]}, None),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, ["", ""]),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"const": 7}, 7),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, False),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}}, False),
        ({"type": "object", "properties": {"interested": {"type": "boolean"}}}, {"interested": True}),
        ({"type": "object", "properties": {"outcome": {"enum": ["lost"]}}}, {"outcome": "lost"}),
        ({"type": "object", "properties": {"summary": {"type": "string", "maxLength": 5}}}, {"summary": "Hello"}),
    ],
)
def test_every_kind_of_schema_is_filled(clinic: Dialogue, schema: dict[str, Any], value: Any) -> None:
    body = {"contents": [{"parts": [{"text": TRANSCRIPT}]}], "generationConfig": {"responseJsonSchema": schema}}
    assert json.loads(answer(body, [clinic])) == value
    assert answer(body, [clinic]) == answer(body, [clinic])
