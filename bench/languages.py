"""How often the language of a short turn is told right, by language and script, and what telling it costs.

`python -m bench.languages`. The turns are bench/language_turns.yaml. Three ways: py3langid alone among the launch
languages, Parley's scripts and words alone, and both together, which is what calls use.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from shared.domain.language import Detector, Tag, Tagger, py3langid
from shared.domain.languages import languages

TURNS = Path(__file__).parent / "language_turns.yaml"
RESULTS = Path(__file__).parent / "results" / "languages.json"
PASSES = 7
HINDI_ENGLISH = ("en-IN", "hi-IN")
"""The languages of an agent in India: what its turns are expected to be in."""

LOADING = """
import json, resource, time
import numpy, shared.domain.language

def resident_mb():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20

held = resident_mb()
before = resource.getrusage(resource.RUSAGE_SELF)
began = time.perf_counter()
from shared.domain.language import py3langid
py3langid()("first")
after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"cpu_s": round(cpu, 2), "wall_s": round(time.perf_counter() - began, 2),
    "memory_mb": round(resident_mb() - held)}))
"""


def alone(detector: Detector) -> Callable[[str, Sequence[str]], Tag]:
    """The detector by itself, among the launch languages."""

    def tag(text: str, expected: Sequence[str]) -> Tag:
        del expected
        likely = detector(text)
        best = max(languages(), key=lambda language: likely.get(language, 0.0))
        return Tag(best, None, sure=True)

    return tag


def labelled() -> Mapping[str, list[str]]:
    """Turns by what they are."""
    turns: Mapping[str, list[str]] = yaml.safe_load(TURNS.read_text("utf-8"))
    return turns


def expected_of(key: str) -> Sequence[str]:
    """The languages of an agent that such a caller would call."""
    language = key.partition("/")[0]
    return HINDI_ENGLISH if language in {"en", "hi", "hi-en"} else (language, "en")


def measured(tag: Callable[[str, Sequence[str]], Tag], expecting: bool) -> dict[str, object]:
    """Right ones of each kind, over all, and those that are wrong though the tag says that it is sure."""
    kinds, wrong_and_sure, right = {}, 0, 0
    for key, texts in labelled().items():
        tags = [tag(text, expected_of(key) if expecting else ()) for text in texts]
        good = sum(one.language == key.partition("/")[0] for one in tags)
        wrong_and_sure += sum(one.sure and one.language != key.partition("/")[0] for one in tags)
        kinds[key] = {"right": good, "of": len(texts)}
        right += good
    turns = sum(map(len, labelled().values()))
    return {
        "right": right,
        "of": turns,
        "share": round(right / turns, 4),
        "wrong_and_sure": wrong_and_sure,
        "by": kinds,
    }


def cost_us(tag: Callable[[str, Sequence[str]], Tag]) -> float:
    """CPU of one turn, at best of some passes."""
    texts = [(text, expected_of(key)) for key, some in labelled().items() for text in some]
    best = float("inf")
    for _ in range(PASSES):
        began = time.process_time()
        for text, expected in texts:
            tag(text, expected)
        best = min(best, time.process_time() - began)
    return round(best / len(texts) * 1e6, 1)


def main() -> None:
    """Measure, print the table, keep the figures."""
    argparse.ArgumentParser(prog="scripts/bench languages", description=__doc__).parse_args()
    detector = py3langid()
    ways = {
        "py3langid": (alone(detector), False),
        "words": (Tagger().tag, False),
        "both": (Tagger(detector).tag, False),
        "both, told the agent's languages": (Tagger(detector).tag, True),
    }
    found = {name: measured(tag, expecting) | {"us_per_turn": cost_us(tag)} for name, (tag, expecting) in ways.items()}
    print(f"{'':18}" + "".join(f"{name.split(',')[0] + ('*' if ',' in name else ''):>12}" for name in ways))
    for key, texts in labelled().items():
        cells = [found[name]["by"][key]["right"] for name in ways]  # type: ignore[index]
        print(f"{key:18}" + "".join(f"{cell:>9}/{len(texts):<2}" for cell in cells))
    for line in ("share", "wrong_and_sure", "us_per_turn"):
        print(f"{line:18}" + "".join(f"{found[name][line]!s:>12}" for name in ways))
    print("* told which languages the agent speaks, as on a call")
    loading = json.loads(subprocess.run([sys.executable, "-c", LOADING], capture_output=True, check=True).stdout)
    print(f"loading the detector: {loading}")
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "at": datetime.now(UTC).date().isoformat(),
    }
    RESULTS.write_text(json.dumps({"machine": machine, "loading": loading, "ways": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
