"""How running a tool ended: what the model is told, and what is to happen to the call. Both can be kept and sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from functions.tools.tool import CallbackPromised, EndCall, Fact, HandOver, Learned, OptedOut, Transfer, Wish
from shared.domain.call import Ending
from shared.domain.disposition import Outcome


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """How running a tool ended."""

    status: str
    """ok, error, refused or timeout."""
    response: dict[str, Any]
    """What the model is told; holds status and message at least."""
    wish: Wish | None = None
    repeated: bool = False
    """It had been run before; this is what it answered then."""
    keeps_secret: bool = False
    """What it was asked and what it answered are not to be kept."""


def failed(status: str, message: str) -> ToolOutcome:
    """An outcome that only says what to do now."""
    return ToolOutcome(status, {"status": status, "message": message})


_KINDS: dict[str, type[Wish]] = {
    "end_call": EndCall,
    "transfer": Transfer,
    "hand_over": HandOver,
    "opted_out": OptedOut,
    "callback_promised": CallbackPromised,
    "learned": Learned,
}


def wish_to_document(wish: Wish | None) -> dict[str, Any] | None:
    """Plain values, for the store and for the wire."""
    if wish is None:
        return None
    kind = next(kind for kind, made in _KINDS.items() if isinstance(wish, made))
    values = {name: str(value) if isinstance(value, str) else value for name, value in asdict(wish).items()}
    return {"kind": kind, **values}


def wish_from_document(document: object) -> Wish | None:
    """The wish again; None for what is none of ours."""
    if not isinstance(document, Mapping):
        return None
    values = {name: value for name, value in document.items() if name != "kind"}
    try:
        match document.get("kind"):
            case "end_call":
                outcome = values.get("outcome")
                return EndCall(
                    Ending(values["ending"]),
                    None if outcome is None else Outcome(outcome),
                    bool(values.get("to_machine")),
                )
            case "learned":
                return Learned(Fact(values["fact"]))
            case str() as kind if kind in _KINDS:
                return _KINDS[kind](**values)
    except (KeyError, TypeError, ValueError):
        return None
    return None
