"""A query, checked and made explicit, in the same way for every adapter; and the cursors that continue one.

Every filter of a query is either an equality (``==``, ``in``) or belongs to its one range field (everything else). The
order starts with the range field, ends with the document id, and names no field that an equality has settled.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.store.documents import PLAIN, check_field, collection_group, converted, split_document_path
from shared.store.sortable import SORTABLE, restored, to_json
from shared.store.store import BadDocument, Document, OrderBy, Value, Where

MOST_PER_PAGE = 10_000
MOST_IN = 30
EQUALITIES = ("==", "in")
RANGES = ("<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a query's order: the values of its order fields, and the id, of the document just before it."""

    values: tuple[Value, ...]
    document_id: str


@dataclass(frozen=True, slots=True)
class Query:
    """What to find and in which order; the id as last order is implied, in the direction of the one before it."""

    collection: str
    group: str
    equalities: tuple[Where, ...]
    ranges: tuple[Where, ...]
    order: tuple[OrderBy, ...]
    limit: int
    after: Position | None

    @property
    def where(self) -> tuple[Where, ...]:
        """All filters."""
        return self.equalities + self.ranges

    @property
    def ids_descend(self) -> bool:
        """True if ties are broken by falling ids."""
        return bool(self.order) and self.order[-1].descending

    def cursor_after(self, last: Document) -> str:
        """Where the next page starts when this was a page's last document."""
        fields = converted({one.field: last.data[one.field] for one in self.order}, SORTABLE)
        text = to_json([_shape(self), [fields[one.field] for one in self.order], last.id])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def make_query(
    collection: str,
    where: Sequence[Where] = (),
    order_by: Sequence[OrderBy] = (),
    limit: int = 1,
    cursor: str | None = None,
) -> Query:
    """The query in its explicit form. Raises BadDocument."""
    checked = [_check_filter(one) for one in where]
    equalities = tuple(one for one in checked if one.comparison in EQUALITIES)
    ranges = tuple(one for one in checked if one.comparison not in EQUALITIES)
    if sum(one.comparison == "in" for one in equalities) > 1:
        raise BadDocument("a query takes one 'in'")
    if sum(one.comparison == "!=" for one in ranges) > 1:
        raise BadDocument("a query takes one '!='")
    if not 1 <= limit <= MOST_PER_PAGE:
        raise BadDocument(f"a page holds 1 to {MOST_PER_PAGE} documents")
    query = Query(
        collection=collection,
        group=collection_group(collection),
        equalities=equalities,
        ranges=ranges,
        order=_explicit_order(equalities, ranges, order_by),
        limit=limit,
        after=None,
    )
    if cursor is None:
        return query
    return Query(collection, query.group, equalities, ranges, query.order, limit, _position(query, cursor))


def _explicit_order(
    equalities: Sequence[Where], ranges: Sequence[Where], order_by: Sequence[OrderBy]
) -> tuple[OrderBy, ...]:
    settled = {one.field for one in equalities}
    order = tuple(one for one in order_by if check_field(one.field) not in settled)
    if len({one.field for one in order}) < len(order):
        raise BadDocument("a field can be ordered by once")
    if not ranges:
        return order
    field = ranges[0].field
    if field in settled or any(one.field != field for one in ranges):
        raise BadDocument("a query takes range comparisons on one field, which has no equality")
    if order and order[0].field != field:
        raise BadDocument("the field of a range comparison must lead the order")
    return order or (OrderBy(field),)


def _check_filter(where: Where) -> Where:
    check_field(where.field)
    if where.comparison == "in":
        if not isinstance(where.value, list | tuple) or not 1 <= len(where.value) <= MOST_IN:
            raise BadDocument(f"'in' takes a list of 1 to {MOST_IN} values")
        return Where(where.field, "in", [_scalar(one) for one in where.value])
    if where.value is None and where.comparison in ("==", "!="):
        return where
    if where.comparison not in ("==", "!=", *RANGES):
        raise BadDocument("there is no such comparison")
    return Where(where.field, where.comparison, _scalar(where.value))


def _scalar(value: Value) -> Value:
    if not isinstance(value, bool | int | float | str | datetime):
        raise BadDocument("fields are compared with booleans, numbers, text and times")
    return converted({"value": value}, PLAIN)["value"]  # type: ignore[no-any-return]


def _shape(query: Query) -> int:
    """A number that differs, as a rule, for a query whose cursors would make no sense here."""
    parts = [query.collection, *(f"{'-' if one.descending else '+'}{one.field}" for one in query.order)]
    return zlib.crc32("\n".join(parts).encode())


def _position(query: Query, cursor: str) -> Position:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        read: Any = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        shape, values, document_id = read
        position = Position(tuple(restored(values)), document_id)
        fields = {one.field: value for one, value in zip(query.order, position.values, strict=True)}
        converted(fields, PLAIN)
        split_document_path(f"{query.collection}/{document_id}")
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise BadDocument("this cursor does not belong to this query") from None
    if shape != _shape(query) or not isinstance(document_id, str) or "/" in document_id:
        raise BadDocument("this cursor does not belong to this query")
    return position
