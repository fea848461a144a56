"""The life of an attempt as a diagram, from its table: ``python -m tests.campaigns.attempt_diagram`` draws it anew."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from shared.domain.attempt import NEXT_ATTEMPT, AttemptState

PAGE = Path(__file__).parents[2] / "docs" / "campaign.md"
BEGINS, ENDS = "<!-- drawn from NEXT_ATTEMPT -->\n", "<!-- until here -->\n"


def diagram() -> str:
    """Every step to another state, as Mermaid draws it; steps between the same two states share an arrow."""
    arrows: dict[tuple[AttemptState, AttemptState], list[str]] = defaultdict(list)
    for (state, event), to in NEXT_ATTEMPT.items():
        if state is not to:
            arrows[state, to].append(str(event))
    lines = [f"    {state} --> {to}: {', '.join(sorted(events))}" for (state, to), events in sorted(arrows.items())]
    ends = sorted({to for _, to in arrows} - {state for state, _ in arrows})
    lines = ["    [*] --> planned", *lines, *(f"    {state} --> [*]" for state in ends)]
    return "```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```\n"


def with_diagram(page: str) -> str:
    """The page with the diagram as the table has it now."""
    before, _, rest = page.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return before + BEGINS + diagram() + ENDS + after


if __name__ == "__main__":
    PAGE.write_text(with_diagram(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
