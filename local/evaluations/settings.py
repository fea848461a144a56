"""Settings of turn-taking that a sweep goes through, and agents that differ in nothing else. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import yaml
from pydantic import ValidationError

from shared.domain.agent import TurnTaking

Setting = Mapping[str, Any]
"""Fields of TurnTaking."""

USUAL: tuple[Setting, ...] = (
    {"mode": "model", "silence_ms": 300},
    {"mode": "model", "silence_ms": 600},
    {"mode": "model", "silence_ms": 900},
    {"mode": "parley", "silence_ms": 300},
    {"mode": "parley", "silence_ms": 600},
    {"mode": "parley", "silence_ms": 900},
)
"""Without a wish of one's own: who decides, and how long a silence ends a turn."""


class BadSetting(ValueError):
    """A setting of turn-taking that does not exist or cannot be; the message names the field."""


def settings_of(wishes: Sequence[str]) -> tuple[Setting, ...]:
    """Every combination of "silence_ms=300,600" and "mode=model,parley"; the usual ones without a wish.

    A combination in which a field has no effect (backchannel_ms where the model decides) is left out; that all of them
    are is a mistake. Raises BadSetting.
    """
    if not wishes:
        return USUAL
    columns: list[list[tuple[str, Any]]] = []
    for wish in wishes:
        name, found, values = wish.partition("=")
        if not found or name not in TurnTaking.model_fields:
            raise BadSetting(f"{wish!r} is not FIELD=VALUE,...; fields are {', '.join(TurnTaking.model_fields)}")
        columns.append([(name, yaml.safe_load(value)) for value in values.split(",")])
    wanted = [dict(combination) for combination in product(*columns)]
    sound, mistakes = [], []
    for setting in wanted:
        try:
            TurnTaking.model_validate(setting)
        except ValidationError as error:
            mistakes += [f"{'.'.join(map(str, one['loc'])) or 'turn_taking'}: {one['msg']}" for one in error.errors()]
        else:
            sound.append(setting)
    if not sound:
        raise BadSetting("; ".join(dict.fromkeys(mistakes)))
    return tuple(sound)


def name_of(setting: Setting) -> str:
    """In a table: "parley 600" for the usual fields, name=value for others."""
    usual = [str(setting[name]) for name in ("mode", "silence_ms") if name in setting]
    others = [f"{name}={value}" for name, value in setting.items() if name not in {"mode", "silence_ms"}]
    return " ".join([*usual, *others])


def variant(agent: Mapping[str, Any], setting: Setting, number: int) -> dict[str, Any]:
    """The agent under another id with this turn-taking and nothing else changed; its own version begins anew."""
    same = {name: value for name, value in agent.items() if name != "version"}
    return {**same, "id": f"{agent['id']}-sweep-{number}", "turn_taking": dict(setting)}
