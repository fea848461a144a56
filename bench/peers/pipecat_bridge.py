# mypy: disable-error-code="import-not-found, untyped-decorator, unused-ignore"
"""Pipecat's Twilio transport with its Gemini Live service, as its own Twilio example joins them: 8 kHz both ways.

Runs in Pipecat's environment (bench/peers/install), with metrics and traces off and no tools: its best case.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket
from google.genai.types import HttpOptions
from loguru import logger
from pipecat.frames.frames import LLMRunFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.google.gemini_live.llm import GeminiLiveLLMService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport

logger.remove()
logger.add(sys.stderr, level="ERROR")
app = FastAPI()
model_url = ""


@app.websocket("/voice/stream")
async def stream(websocket: WebSocket) -> None:
    """One call."""
    await websocket.accept()
    messages = websocket.iter_text()
    await anext(messages)
    start: dict[str, Any] = json.loads(await anext(messages))["start"]
    serializer = TwilioFrameSerializer(
        stream_sid=start["streamSid"], params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
    )
    transport = FastAPIWebsocketTransport(
        websocket=websocket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, add_wav_header=False, serializer=serializer
        ),
    )
    llm = GeminiLiveLLMService(api_key="stand-in", http_options=HttpOptions(base_url=model_url))
    context = LLMContext([{"role": "user", "content": "Greet the caller."}])
    aggregators = LLMContextAggregatorPair(context)
    pipeline = Pipeline([transport.input(), aggregators.user(), llm, transport.output(), aggregators.assistant()])
    task = PipelineTask(pipeline, params=PipelineParams(audio_in_sample_rate=8000, audio_out_sample_rate=8000))

    @transport.event_handler("on_client_connected")  # type: ignore[untyped-decorator]
    async def connected(transport: Any, client: Any) -> None:
        await task.queue_frames([LLMRunFrame()])

    @transport.event_handler("on_client_disconnected")  # type: ignore[untyped-decorator]
    async def disconnected(transport: Any, client: Any) -> None:
        await task.cancel()

    await PipelineRunner(handle_sigint=False).run(task)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True)
    wanted = parser.parse_args()
    model_url = f"https://127.0.0.1:{wanted.model}"
    os.environ.pop("GOOGLE_GEMINI_BASE_URL", None)
    uvicorn.run(app, host="127.0.0.1", port=wanted.port, loop="uvloop", log_level="error")
