"""The HTTP side of Google's API: the list of models, and generateContent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from local.dialogues import Dialogue
from local.speech_model.doors import HttpRefusal, Keys
from local.speech_model.faults import Fault, FaultBook, Kind, Moment, Where
from local.speech_model.model_answers import answer
from local.speech_model.models import LIVE_MODELS, TEXT_MODELS, Platform
from local.speech_model.usage import CHARACTERS_PER_TOKEN

PATH = re.compile(r"^/+(?P<version>v1|v1beta|v1alpha|v1beta1)/(?P<name>.*?)(?::(?P<verb>\w+))?$")
DEVELOPER_MODEL = re.compile(r"^models/(?P<id>[^/]+)$")
VERTEX_MODEL = re.compile(r"^(?:projects/[^/]+/locations/[^/]+/)?publishers/google/models/(?P<id>[^/]+)$")


async def respond(
    request: web.Request, keys: Keys, dialogues: Mapping[str, Dialogue], faults: FaultBook
) -> web.Response:
    """The answer to anything that is neither a Live connection nor the control."""
    match = PATH.match(request.path)
    if match is None:
        return refused(HttpRefusal(404, "Not found"))
    name, verb = match["name"].rstrip("/"), match["verb"]
    vertex = "publishers/" in name
    platform = Platform.VERTEX if vertex else Platform.DEVELOPER
    refusal = keys.check_http(platform, request.headers)
    if refusal is not None:
        return refused(refusal)
    if request.method == "GET" and name in ("models", "publishers/google/models"):
        return web.json_response(_models(platform))
    model = (VERTEX_MODEL if vertex else DEVELOPER_MODEL).match(name)
    if model is None or model["id"] in LIVE_MODELS or not model["id"].startswith("gemini-"):
        return refused(HttpRefusal(404, f"{name} is not found, or is not supported for {verb or 'this method'}."))
    if request.method == "GET" and verb is None:
        return web.json_response(_model(model["id"], platform))
    if request.method != "POST" or verb != "generateContent":
        return refused(HttpRefusal(404, "Not found"))
    return await _generate(request, model["id"], dialogues, faults)


async def _generate(
    request: web.Request, model: str, dialogues: Mapping[str, Dialogue], faults: FaultBook
) -> web.Response:
    try:
        body = await request.json()
    except json.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or not body.get("contents"):
        return refused(HttpRefusal(400, "* GenerateContentRequest.contents: contents is not specified"))
    text = answer(body, dialogues.values())
    match faults.take((Kind.REFUSE, Kind.GARBAGE, Kind.EMPTY_TURN), Where(Moment.GENERATE, 0)):
        case Fault(kind=Kind.REFUSE) as fault:
            return refused(HttpRefusal(fault.status, fault.reason or "Request was refused."))
        case Fault(kind=Kind.GARBAGE):
            text = text[: len(text) // 2]
        case Fault(kind=Kind.EMPTY_TURN):
            text = ""
        case _:
            pass
    prompt_tokens = len(json.dumps(body["contents"], ensure_ascii=False)) // CHARACTERS_PER_TOKEN
    answer_tokens = len(text) // CHARACTERS_PER_TOKEN
    return web.json_response(
        {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"text": text}] if text else []},
                    "finishReason": "STOP",
                    "index": 0,
                }
            ],
            "usageMetadata": {
                "promptTokenCount": prompt_tokens,
                "candidatesTokenCount": answer_tokens,
                "totalTokenCount": prompt_tokens + answer_tokens,
            },
            "modelVersion": model,
        }
    )


def _models(platform: Platform) -> dict[str, Any]:
    live = [model.id for model in LIVE_MODELS.values() if platform in model.platforms]
    key = "models" if platform is Platform.DEVELOPER else "publisherModels"
    return {key: [_model(model, platform) for model in (*live, *TEXT_MODELS)]}


def _model(model: str, platform: Platform) -> dict[str, Any]:
    if platform is Platform.VERTEX:
        return {"name": f"publishers/google/models/{model}", "versionId": "default", "launchStage": "GA"}
    return {
        "name": f"models/{model}",
        "displayName": model,
        "inputTokenLimit": 131_072,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["bidiGenerateContent" if model in LIVE_MODELS else "generateContent"],
    }


def refused(refusal: HttpRefusal) -> web.Response:
    """Google's error object."""
    return web.json_response(refusal.body, status=refusal.status)
