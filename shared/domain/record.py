"""The form in which campaigns, contacts, attempts and suppressions go into the store and come back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An aware datetime, kept in UTC; a naive one is refused."""


class Record(BaseModel):
    """Something the store keeps. Frozen; fields of a newer version are read over, so two versions can serve at once."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    def to_document(self) -> dict[str, Any]:
        """Values as the store takes them: plain strings for enums, lists for tuples, datetimes as they are."""
        document: dict[str, Any] = plain(self.model_dump())
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The record that to_document() wrote."""
        return cls.model_validate(document)

    def changed(self, **changes: Any) -> Self:
        """This record with some fields replaced, validated anew."""
        return type(self).model_validate({**dict(self), **changes})


def plain(value: Any) -> Any:
    """Enums become their values and tuples and sets lists, all the way down."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    return value
