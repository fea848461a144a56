"""``python -m local.evaluations``: scenarios played as calls and judged; what scripts/eval runs."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.evaluations.house import House, house
from local.evaluations.play import Part, Stage
from local.evaluations.played import Played
from local.evaluations.report import Judged, Row, call_document, judged, missed, rows, table, told
from local.evaluations.scenario import BadScenario, Scenario, read_all
from local.evaluations.settings import Setting, name_of, settings_of, variant
from local.evaluations.sweep import SweepRow, sweep_rows, sweep_table
from local.evaluations.verdict import Aspect

OUTPUT = Path("var/eval")
BASELINES = Path("bench/results")
AT_ONCE = 5
"""What two cores bear with the local speech model, whose one recogniser hears all callers in turn."""


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/eval", description=__doc__)
    parser.add_argument("which", nargs="*", help="scenarios or agents; default: all")
    parser.add_argument("--language", choices=["en", "hi", "mixed"], action="append", help="only these; repeatable")
    parser.add_argument("--fast", action="store_true", help="only the few that scripts/test plays")
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="play each so often")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, metavar="N", help=f"calls at once; default {AT_ONCE}")
    parser.add_argument(
        "--least",
        action="append",
        default=[],
        metavar="[ASPECT=]SHARE",
        help="share of calls that must hold, 0..1, of an aspect or of all; default 1; below it the exit status is 1",
    )
    parser.add_argument(
        "--sweep",
        nargs="*",
        metavar="FIELD=VALUE,...",
        help="go through settings of turn-taking instead: silence_ms=300,600 mode=model,parley; default: six of them",
    )
    parser.add_argument("--baseline", action="store_true", help="keep the result in bench/results too")
    parser.add_argument("--list", action="store_true", help="name the scenarios and play none")
    wanted = parser.parse_args(arguments)
    try:
        wanted.least = least(wanted.least)
        wanted.settings = None if wanted.sweep is None else settings_of(wanted.sweep)
    except ValueError as error:
        parser.error(str(error))
    if min(wanted.repeat, wanted.at_once) < 1:
        parser.error("--repeat and --at-once are at least 1")
    return wanted


def least(given: Sequence[str]) -> dict[Aspect, float]:
    """Thresholds by aspect: 0.9 for all of them, latency=0.8 for one. Raises ValueError."""
    found = dict.fromkeys(Aspect, 1.0)
    for one in given:
        name, _, share = one.rpartition("=")
        if name and name not in list(Aspect):
            raise ValueError(f"--least: there is no aspect {name!r}; there are {', '.join(Aspect)}")
        try:
            value = float(share)
        except ValueError:
            raise ValueError(f"--least: {share!r} is not a share such as 0.9") from None
        if not 0 <= value <= 1:
            raise ValueError("--least: a share lies between 0 and 1")
        found.update(dict.fromkeys([Aspect(name)] if name else Aspect, value))
    return found


def chosen(scenarios: dict[str, Scenario], wanted: argparse.Namespace) -> list[Scenario]:
    """The scenarios that were asked for. Raises ValueError when a name is neither a scenario's nor an agent's."""
    agents = {scenario.agent for scenario in scenarios.values()}
    unknown = [name for name in wanted.which if name not in scenarios and name not in agents]
    if unknown:
        raise ValueError(f"neither a scenario nor an agent: {', '.join(unknown)}")
    return [
        scenario
        for scenario in scenarios.values()
        if (not wanted.which or scenario.id in wanted.which or scenario.agent in wanted.which)
        and (not wanted.language or scenario.language in wanted.language)
        and (not wanted.fast or scenario.fast)
        and (scenario.sweep != "only" if wanted.settings is None else scenario.sweep is not None)
    ]


async def evaluate(
    scenarios: Sequence[Scenario], repeat: int, at_once: int, folder: Path, settings: Sequence[Setting] = ()
) -> list[Judged]:
    """Play and judge them, telling of each as it ends; with settings, each with every one of them."""
    calls: list[Judged] = []
    async with house(folder) as here:
        agents = await _agents(here, scenarios, settings)
        names = [name_of(setting) for setting in settings] or [""]
        parts = [
            Part(scenario, agent_id, n, setting)
            for n in range(1, repeat + 1)
            for scenario in scenarios
            for agent_id, setting in zip(agents[scenario.agent], names, strict=True)
        ]
        async for played in Stage(here, at_once).play_all(parts):
            one = judged(played)
            _keep(folder, played)
            print("\n".join(told(one, briefly=bool(settings))), flush=True)
            calls.append(one)
    return calls


async def _agents(here: House, scenarios: Sequence[Scenario], settings: Sequence[Setting]) -> dict[str, list[str]]:
    """Who plays each agent's scenarios: itself, or one agent for each setting that differs in nothing else."""
    names = {scenario.agent: [scenario.agent] for scenario in scenarios}
    if not settings:
        return names
    for agent_id in names:
        agent = await here.agent(agent_id)
        variants = [variant(agent, setting, number) for number, setting in enumerate(settings, 1)]
        for one in variants:
            await here.write_agent(one)
        names[agent_id] = [str(one["id"]) for one in variants]
    return names


def _keep(folder: Path, played: Played) -> None:
    """The call as it was judged, for whoever wants to know why."""
    calls = folder / "calls"
    calls.mkdir(exist_ok=True)
    document = {
        "call": played.call,
        "network": played.network,
        "attempt": played.attempt,
        "decisions": played.decisions,
        "trouble": played.trouble,
    }
    name = "-".join(filter(None, [played.scenario.id, played.setting, str(played.repeat)]))
    (calls / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n", "utf-8")


def document_of(calls: Sequence[Judged], rows_: Sequence[Row | SweepRow]) -> dict[str, Any]:
    """The result as JSON."""
    return {
        "command": " ".join(["scripts/eval", *sys.argv[1:]]),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "rows": [row.to_document() for row in rows_],
        "calls": [call_document(one) for one in sorted(calls, key=lambda one: one.played.scenario.id)],
    }


def main() -> int:
    """Exit status 0: every threshold was reached; 1: not; 2: something was asked for that is not there."""
    wanted = options()
    try:
        scenarios = chosen(read_all(), wanted)
    except (BadScenario, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if wanted.list:
        for scenario in scenarios:
            print(f"{scenario.id:<40} {scenario.agent:<12} {scenario.language:<6} {scenario.about}")
        return 0
    calls = asyncio.run(evaluate(scenarios, wanted.repeat, wanted.at_once, OUTPUT, wanted.settings or ()))
    if wanted.settings is None:
        found = rows(calls)
        _write("eval.json", document_of(calls, found), table(found), wanted.baseline)
        failed = missed(calls, wanted.least)
    else:
        ordered = sorted(calls, key=lambda one: [name_of(one_) for one_ in wanted.settings].index(one.played.setting))
        swept = sweep_rows([one.played for one in ordered])
        _write("eval_sweep.json", document_of(ordered, swept), sweep_table(swept), wanted.baseline)
        failed = [f"{one.played.scenario.id}: {one.played.trouble}" for one in calls if one.played.trouble]
    for line in failed:
        print(f"missed: {line}")
    return 1 if failed or not calls else 0


def _write(name: str, document: dict[str, Any], shown: str, baseline: bool) -> None:
    print(f"\n{shown}\n\n{OUTPUT}/{name} has every verdict, {OUTPUT}/calls every call.")
    for folder in [OUTPUT, *([BASELINES] if baseline else [])]:
        (folder / name).write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
