"""What can be wrong with a list as a whole. A bad row is never an error: it gets a class and a reason."""

from __future__ import annotations


class ListError(Exception):
    """A list cannot be read as asked; the sentence and the way out are meant for the marketer.

    code: stable, for programs. row (as a spreadsheet numbers it), column (its header) and field name the place, where
    there is one. Sentences hold no cell's content.
    """

    def __init__(
        self,
        code: str,
        sentence: str,
        fix: str,
        *,
        row: int | None = None,
        column: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.fix = fix
        self.row = row
        self.column = column
        self.field = field

    def problem(self) -> dict[str, str | int]:
        """What to tell and to store: code, sentence, fix, and those of row, column and field that are known."""
        place = {"row": self.row, "column": self.column, "field": self.field}
        told: dict[str, str | int] = {"code": self.code, "sentence": self.sentence, "fix": self.fix}
        return told | {name: value for name, value in place.items() if value is not None}
