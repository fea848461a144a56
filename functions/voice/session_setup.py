"""What the model is told at the start of a stream: who it is, in which language, with which tools, about whom."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from functions.tools.registry import Registry
from functions.voice.errand import Errand, errand_of, greeting_of
from functions.voice.greetings.greeting import greeting_for
from functions.voice.instructions import instructions
from functions.voice.places import Place, Places
from functions.voice.prompts import greet
from functions.voice.ready_sessions import ReadySession
from functions.voice.services import VoiceServices
from functions.voice.speech.model import (
    ActivityDetection,
    SessionSetup,
    SpeechRefused,
    SpeechUnavailable,
    ToolDeclaration,
)
from functions.voice.voice_gate import GateRules, VoiceGate
from shared.domain.agent import Agent, TurnTaking
from shared.domain.calling_rules import Purpose
from shared.domain.model_catalogue import Platform
from shared.domain.recording_law import as_recorded, decision
from shared.domain.time_zone import zones_of
from shared.errors import ConfigurationError
from shared.store.agents import UnknownAgent

log = logging.getLogger(__name__)

TOOLS_WITHIN_S = 1.0
"""Somebody hears nothing meanwhile. A server that takes longer is still there for its first call."""


def session_setup(
    agent: Agent, language: str, registry: Registry, now: datetime, facts: Mapping[str, str] | None
) -> SessionSetup:
    """A session for this agent; now is on the other party's clock. Raises UnknownTool."""
    taking = agent.turn_taking
    return SessionSetup(
        model=agent.model.id,
        instructions=instructions(agent, language, now, facts),
        voice=agent.voice,
        language=language,
        tools=[
            ToolDeclaration(
                tool.name, tool.description, tool.parameters, blocking=tool.name not in agent.tools_in_background
            )
            for tool in registry.declared(agent)
        ],
        activity=ActivityDetection(
            automatic=taking.mode == "model",
            start_sensitivity=taking.start_sensitivity,
            end_sensitivity=taking.end_sensitivity,
            prefix_padding_ms=taking.prefix_padding_ms,
            silence_ms=taking.silence_ms,
        ),
        thinking_level=agent.model.thinking_level,
        temperature=agent.model.temperature,
    )


def places(
    services: VoiceServices, agent: Agent, language: str, caller: str, errand: Errand | None
) -> tuple[Place, ...]:
    """Where this agent can be voiced, the best first, each with the setup of its sessions. Raises UnknownTool."""
    agent = as_heard(agent, errand)
    now = local_time(services.clock.now(), caller, errand)
    facts = None if errand is None else errand.facts
    found: list[Place] = []
    for choice in agent.model.and_fallbacks():
        voiced = agent.model_copy(update={"model": choice})
        try:
            model = services.speech_for(voiced)
        except ConfigurationError:
            if choice is agent.model:
                raise
            log.error("a fallback of the agent's model is not configured", extra={"agent": agent.id})
            continue
        setup = session_setup(voiced, language, services.tools, now, facts)
        used = services.model_of(voiced).id
        found.append(Place(model, replace(setup, model=used), place_key(services.place_of(voiced), used)))
    return tuple(found)


def as_heard(agent: Agent, errand: Errand | None) -> Agent:
    """On a marketing errand the model hears every sound: a single "stop" over the first sentence is an opt-out."""
    if errand is None or errand.campaign.purpose is not Purpose.MARKETING or agent.turn_taking.mode == "model":
        return agent
    return agent.model_copy(update={"turn_taking": TurnTaking(silence_ms=agent.turn_taking.silence_ms)})


def gate_of(agent: Agent, errand: Errand | None) -> VoiceGate | None:
    """Who says when the caller speaks; None: the speech model does."""
    taking = as_heard(agent, errand).turn_taking
    if taking.mode == "model":
        return None
    rules = GateRules(taking.voice_threshold, taking.start_ms, taking.backchannel_ms, taking.hello_ms)
    return VoiceGate(rules if taking.silence_ms is None else replace(rules, silence_ms=taking.silence_ms))


def place_key(place: tuple[Platform, str | None], model: str) -> str:
    """developer/gemini-3.8-live, vertex/eu/gemini-3.8-live: what calls share circuits and sessions by."""
    platform, region = place
    return "/".join(part for part in (str(platform), region, model) if part)


def local_time(now: datetime, number: str, errand: Errand | None) -> datetime:
    """The instant on the other party's clock; of an unknown number's, in UTC."""
    zones = errand.contact.time_zones if errand is not None else zones_of(number)
    return now.astimezone(ZoneInfo(zones[0])) if zones else now


def first_words(agent: Agent, language: str, errand: Errand | None, caller: str) -> str:
    """What the agent says first, to a party with this number; on a campaign's errand that may be the law's."""
    recorded = decision(agent.recording.enabled, caller).recorded
    if errand is not None:
        return errand.greeting(agent, language, recorded=recorded)
    return as_recorded(greeting_of(agent, language), language, recorded=recorded)


async def tools_stand(services: VoiceServices, agent: Agent, call_sid: str) -> None:
    """What the agent's tools need stands, or the caller has waited long enough for it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(TOOLS_WITHIN_S):
            await services.tools.ready(agent, call_sid)


async def prepared(services: VoiceServices, agent: Agent, caller: str, language: str, call_sid: str) -> ReadySession:
    """A session for somebody who is calling, told to greet: by the time their stream is there, it has thought.

    Where the greeting is stored, the session is told that it has been heard.
    """
    words = first_words(agent, language, None, caller)
    greeting = await services.greetings.choose(call_sid, greeting_for(agent, language, words, None))
    await tools_stand(services, agent, call_sid)
    where = Places(places(services, agent, language, caller, None), services.circuits)
    if greeting is not None:
        where.begin_with(greeting.history)
    session = await where.open(where.setup)
    if greeting is None:
        await session.send_text(greet(words))
    return ReadySession(session, greeted=greeting is None, place=where.key, greeting=greeting)


async def prepared_errand(services: VoiceServices, attempt_id: str, call_sid: str) -> ReadySession:
    """A session for somebody whose phone is ringing; it says nothing, and costs nothing, until they answer."""
    errand = await errand_of(services, attempt_id)
    if errand is None:
        raise SpeechUnavailable("the errand could not be read")
    try:
        agent = await services.agents.get(errand.campaign.agent_id)
    except UnknownAgent:
        raise SpeechRefused("the campaign's agent is gone") from None
    language, phone = errand.language(agent), errand.contact.phone
    wanted = greeting_for(agent, language, first_words(agent, language, errand, phone), errand)
    greeting = await services.greetings.choose(call_sid, wanted)
    where = Places(places(services, agent, language, phone, errand), services.circuits)
    if greeting is not None:
        where.begin_with(greeting.history)
    return ReadySession(await where.open(where.setup), greeted=False, place=where.key, greeting=greeting)
