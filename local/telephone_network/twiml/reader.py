"""TwiML, read once into verbs. [pure]

What Twilio would complain about without ending the call becomes a warning (12200); what makes it play
"an application error has occurred" is BadTwiml.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from xml.etree import ElementTree

from local.telephone_network.twiml.verbs import (
    Connect,
    Dial,
    Gather,
    Hangup,
    Number,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Stream,
    Verb,
)

LONGEST_BYTES = 64 * 1024
PARAMETER_LIMIT = 500
"""Name and value of a Parameter together must be shorter."""


class BadTwiml(Exception):
    """TwiML that cannot be followed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(slots=True)
class Document:
    """The verbs in order, and what Twilio would warn of."""

    verbs: tuple[Verb, ...] = ()
    warnings: list[str] = field(default_factory=list)


_ATTRIBUTES: dict[str, frozenset[str]] = {
    "Say": frozenset({"voice", "language", "loop"}),
    "Play": frozenset({"digits", "loop"}),
    "Pause": frozenset({"length"}),
    "Gather": frozenset(
        "action method input numDigits timeout finishOnKey actionOnEmptyResult language hints speechTimeout".split()
    ),
    "Dial": frozenset("action method timeout timeLimit answerOnBridge callerId hangupOnStar record ringTone".split()),
    "Number": frozenset("url method sendDigits statusCallback statusCallbackEvent statusCallbackMethod".split()),
    "Connect": frozenset({"action", "method"}),
    "Stream": frozenset({"url", "name", "track", "statusCallback", "statusCallbackMethod"}),
    "Parameter": frozenset({"name", "value"}),
    "Redirect": frozenset({"method"}),
    "Hangup": frozenset(),
    "Reject": frozenset({"reason"}),
}


def parse(text: str | bytes) -> Document:
    """The verbs of a TwiML document. Raises BadTwiml."""
    size = len(text.encode()) if isinstance(text, str) else len(text)
    if size > LONGEST_BYTES:
        raise BadTwiml(11750, "the response is longer than 64 KB")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise BadTwiml(12100, "document parse failure") from error
    if root.tag != "Response":
        raise BadTwiml(12100, "the root element is not <Response>")
    return _Reader().read(root)


class _Reader:
    def __init__(self) -> None:
        self._document = Document()

    def read(self, root: ElementTree.Element) -> Document:
        verbs = [verb for element in root if (verb := self._verb(element)) is not None]
        self._document.verbs = tuple(verbs)
        return self._document

    def _warn(self, warning: str) -> None:
        self._document.warnings.append(warning)

    def _check(self, element: ElementTree.Element) -> bool:
        known = _ATTRIBUTES.get(element.tag)
        if known is None:
            self._warn(f"<{element.tag}> is not known here")
            return False
        for name in sorted(set(element.attrib) - known):
            self._warn(f"<{element.tag}> has no attribute {name}")
        return True

    def _verb(self, element: ElementTree.Element) -> Verb | None:
        if not self._check(element):
            return None
        text = "".join(element.itertext()).strip()
        match element.tag:
            case "Say":
                return Say(text, element.get("language"), element.get("voice"))
            case "Play":
                return Play(text, element.get("digits"))
            case "Pause":
                return Pause(self._number(element, "length", 1.0))
            case "Gather":
                return self._gather(element)
            case "Dial":
                return self._dial(element)
            case "Connect":
                return self._connect(element)
            case "Redirect":
                return Redirect(text, element.get("method", "POST").upper())
            case "Hangup":
                return Hangup()
            case "Reject":
                return Reject(element.get("reason", "rejected"))
        self._warn(f"<{element.tag}> does not stand on its own")
        return None

    def _number(self, element: ElementTree.Element, name: str, default: float) -> float:
        written = element.get(name)
        if written is None or written == "auto":
            return default
        try:
            number = float(written)
        except ValueError:
            number = math.nan
        if not 0 <= number < 1e6:
            self._warn(f"{name} of <{element.tag}> is not a number that makes sense")
            return default
        return number

    def _gather(self, element: ElementTree.Element) -> Gather:
        prompts = [verb for child in element if isinstance(verb := self._verb(child), Say | Play | Pause)]
        return Gather(
            prompts=tuple(prompts),
            action=element.get("action"),
            method=element.get("method", "POST").upper(),
            input=element.get("input", "dtmf"),
            digits=int(self._number(element, "numDigits", 0)) or None,
            timeout_s=self._number(element, "timeout", 5.0),
            finish_on_key=element.get("finishOnKey", "#"),
            action_on_empty=element.get("actionOnEmptyResult") == "true",
        )

    def _dial(self, element: ElementTree.Element) -> Dial:
        numbers = [self._callee(child) for child in element if child.tag == "Number" and self._check(child)]
        for child in element:
            if child.tag != "Number":
                self._warn(f"<{child.tag}> inside <Dial> is not known here")
        if (element.text or "").strip():
            numbers.insert(0, Number((element.text or "").strip()))
        if len(numbers) != 1:
            raise BadTwiml(13223, f"<Dial> dials one number here, not {len(numbers)}")
        return Dial(
            number=numbers[0],
            action=element.get("action"),
            method=element.get("method", "POST").upper(),
            timeout_s=self._number(element, "timeout", 30.0),
            time_limit_s=self._number(element, "timeLimit", 14_400.0),
            answer_on_bridge=element.get("answerOnBridge") == "true",
            caller_id=element.get("callerId"),
        )

    def _callee(self, element: ElementTree.Element) -> Number:
        return Number(
            number=(element.text or "").strip(),
            url=element.get("url"),
            method=element.get("method", "POST").upper(),
            status_callback=element.get("statusCallback"),
            status_callback_events=tuple((element.get("statusCallbackEvent") or "completed").split()),
        )

    def _connect(self, element: ElementTree.Element) -> Connect:
        streams = [child for child in element if child.tag == "Stream"]
        if len(streams) != 1 or len(list(element)) != 1:
            raise BadTwiml(12200, "<Connect> connects to one <Stream> here")
        return Connect(self._stream(streams[0]), element.get("action"), element.get("method", "POST").upper())

    def _stream(self, element: ElementTree.Element) -> Stream:
        self._check(element)
        if element.get("track") is not None:
            self._warn("track has no meaning for a stream that is connected both ways")
        parameters = []
        for child in element:
            if child.tag != "Parameter" or not self._check(child):
                self._warn(f"<{child.tag}> inside <Stream> is not known here")
                continue
            name, value = child.get("name") or "", child.get("value") or ""
            if len(name) + len(value) >= PARAMETER_LIMIT:
                self._warn(f"a <Parameter> has {PARAMETER_LIMIT} characters or more")
                continue
            parameters.append((name, value))
        return Stream(
            url=element.get("url") or "",
            name=element.get("name"),
            parameters=tuple(parameters),
            status_callback=element.get("statusCallback"),
            status_callback_method=element.get("statusCallbackMethod", "POST").upper(),
        )
