"""generateContent: a JSON object that fits the schema, with what can be read out of the prompt without understanding.

States of a dialogue say what they teach (`learns`); languages are told by their letters, a mood by counting words.
Everything else gets the plainest value that the schema allows. The same prompt always gets the same answer. [pure]
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from local.dialogues import Dialogue
from local.speech_model.script import Script

DEVANAGARI = re.compile(r"[ऀ-ॿ]")
LATIN_WORD = re.compile(r"[A-Za-z]{3,}")
GOOD = "thank thanks great good yes please perfect happy interested धन्यवाद अच्छा ठीक हाँ शुक्रिया बढ़िया".split()
BAD = "not no never stop remove complaint angry bad refund नहीं मत बंद शिकायत गलत".split()
SUMMARY_CHARACTERS = 300
CALLER_LINE = re.compile(r"^\s*\[(\d+)\]\s*caller\b[^:]*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
"""A numbered line of the caller's, as transcripts have them."""
LINE = re.compile(
    r"^\s*[\[(]?\d*[\])]?\s*(?:agent|caller|user|model|assistant)\b[^:]*:\s*(.+)$", re.IGNORECASE | re.MULTILINE
)


def answer(body: Mapping[str, Any], dialogues: Iterable[Dialogue]) -> str:
    """The text of the answer to a generateContent request."""
    prompt = "\n".join(_texts(body))
    config = _either(body, "generationConfig", "generation_config") or {}
    schema = _either(config, "responseJsonSchema", "response_json_schema") or _either(
        config, "responseSchema", "response_schema"
    )
    if not isinstance(schema, Mapping):
        return _summary(prompt)
    known = _learned(prompt, dialogues)
    return json.dumps(_Reader(prompt, known, schema).value(schema, ""), ensure_ascii=False)


def _texts(body: Mapping[str, Any]) -> Iterable[str]:
    instruction = _either(body, "systemInstruction", "system_instruction")
    for content in [instruction, *(body.get("contents") or [])]:
        for part in (content or {}).get("parts", []):
            if isinstance(part, Mapping) and isinstance(part.get("text"), str):
                yield part["text"]


def _either(fields: Mapping[str, Any], camel: str, snake: str) -> Any:
    return fields.get(camel, fields.get(snake))


def _learned(prompt: str, dialogues: Iterable[Dialogue]) -> dict[str, Any]:
    learned: dict[str, Any] = {}
    for dialogue in dialogues:
        learned.update(Script(dialogue).learned(prompt))
    return learned


def _summary(prompt: str) -> str:
    """The last words of the conversation."""
    lines = LINE.findall(prompt) or prompt.split("\n")
    text = " ".join(" ".join(lines).split())
    return text[-SUMMARY_CHARACTERS:].strip() or "Nothing was said."


def _languages(prompt: str) -> list[str]:
    said = "\n".join(LINE.findall(prompt)) or prompt
    found = [("hi", DEVANAGARI.search(said)), ("en", LATIN_WORD.search(said))]
    return [language for language, match in found if match]


def _mood(prompt: str) -> float:
    """-1..1 by counting words."""
    return _mood_of("\n".join(LINE.findall(prompt)))


def _mood_of(said: str) -> float:
    words = re.findall(r"[^\s.,!?।:]+", said.lower())
    good, bad = (sum(word in kind for word in words) for kind in (GOOD, BAD))
    return round((good - bad) / max(good + bad, 1), 2)


class _Reader:
    """Fills one schema."""

    def __init__(self, prompt: str, known: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
        self._prompt = prompt
        self._known = known
        self._definitions = schema.get("$defs") or schema.get("defs") or {}

    def value(self, schema: Mapping[str, Any], name: str) -> Any:
        """A value that fits."""
        schema = self._resolved(schema)
        if name in self._known and _fits(self._known[name], schema):
            return self._known[name]
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._choice(schema["enum"])
        return self._by_type(schema, name)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = schema.get("$ref") or schema.get("ref")
        if isinstance(reference, str):
            return self._resolved(self._definitions.get(reference.rpartition("/")[2], {}))
        for key in ("anyOf", "any_of", "oneOf", "allOf"):
            if schema.get(key):
                return self._resolved(schema[key][0])
        return schema

    def _choice(self, options: list[Any]) -> Any:
        """The option that is named last in the conversation; the first of all if none is."""
        said = "\n".join(LINE.findall(self._prompt)).lower()
        places = [(said.rfind(str(option).lower().replace("_", " ")), -rank) for rank, option in enumerate(options)]
        return options[-max(places)[1]]

    def _by_type(self, schema: Mapping[str, Any], name: str) -> Any:
        kinds = schema.get("type", "string")
        kind = str(next((k for k in kinds if k != "null"), "null") if isinstance(kinds, list) else kinds).lower()
        if kind == "object":
            return {key: self.value(inner, key) for key, inner in (schema.get("properties") or {}).items()}
        if kind == "array":
            return self._items(schema, name)
        if kind in ("number", "integer"):
            return self._number(schema, name, whole=kind == "integer")
        if kind == "boolean":
            return name.endswith("_kept")
        if kind == "null" or (kind == "string" and self._optional(schema, name)):
            return None
        return self._text(schema, name)

    def _optional(self, schema: Mapping[str, Any], name: str) -> bool:
        nullable = schema.get("nullable") is True or (isinstance(schema.get("type"), list) and "null" in schema["type"])
        return nullable and "summary" not in name and "language" not in name

    def _items(self, schema: Mapping[str, Any], name: str) -> list[Any]:
        if "language" in name:
            return _languages(self._prompt)
        inner = self._resolved(schema.get("items") or {})
        if "turn" in (inner.get("properties") or {}) and "caller" in name:
            return [
                {**self.value(inner, ""), "turn": int(number), "sentiment": _mood_of(said)}
                for number, said in CALLER_LINE.findall(self._prompt)
            ]
        if name.endswith("_turns"):
            return [int(number) for number, said in CALLER_LINE.findall(self._prompt) if _mood_of(said) > 0]
        fewest = int(_either(schema, "minItems", "min_items") or 0)
        return [self.value(schema.get("items") or {}, "") for _ in range(fewest)]

    def _number(self, schema: Mapping[str, Any], name: str, whole: bool) -> float:
        lowest, highest = (float(schema.get(key) or 0) for key in ("minimum", "maximum"))
        callers = "\n".join(said for _, said in CALLER_LINE.findall(self._prompt))
        mood = _mood_of(callers) if callers else _mood(self._prompt)
        if highest <= lowest:
            value = mood if "sentiment" in name else lowest
        else:
            value = lowest + (mood + 1) / 2 * (highest - lowest)
        return round(value) if whole else round(value, 2)

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        if "language" in name:
            return next(iter(_languages(self._prompt)), "en")
        text = _summary(self._prompt) if "summary" in name else ""
        longest = _either(schema, "maxLength", "max_length")
        return text[: int(longest)] if longest else text


KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    if schema.get("enum"):
        return value in schema["enum"]
    kinds = schema.get("type", "string")
    return any(
        isinstance(value, KINDS.get(str(kind).lower(), ())) for kind in (kinds if isinstance(kinds, list) else [kinds])
    )
