"""What a caller said in the moment in which they hung up: the model writes it down some tenths of a second later.

Nobody is on the line any more, so nothing that the model says or wants is carried out.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from functions.voice.leg import LegEnded
from functions.voice.speech.model import CallerText, GenerationComplete, SpeechError, SpeechSession, TurnComplete
from functions.voice.stream_over import StreamOver

log = logging.getLogger(__name__)

WITHIN_S: Final = 1.5


async def last_words(session: SpeechSession) -> str:
    """What the model still understands of the caller, until no more will come; the session is closed then."""
    heard: list[str] = []
    try:
        async with asyncio.timeout(WITHIN_S):
            await _listen(session, heard)
    except (TimeoutError, SpeechError):
        pass
    except Exception as error:  # the campaign is to be told of the call all the same
        log.error("last words were not heard to their end", extra={"error": type(error).__name__})
    finally:
        await session.close()
    return "".join(heard)


async def _listen(session: SpeechSession, heard: list[str]) -> None:
    while True:
        try:
            events = await session.receive()
        except (LegEnded, StreamOver):
            continue  # raised by the last message that was taken while the stream stood
        for event in events:
            match event:
                case CallerText(text):
                    heard.append(text)
                # Not before there are words: it may be the end of the answer that the caller has spoken over. And an
                # answer that only begins may be ahead of the words that it answers.
                case GenerationComplete() | TurnComplete() if heard:
                    return
