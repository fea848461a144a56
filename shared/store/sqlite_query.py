"""Queries in SQL, shaped so that SQLite answers them from the declared indexes.

A query that continues a page is cut into segments, nearest first: the rest of the documents that tie with the last
one seen, then those with a later value. Each is one stretch of one index, however many documents tie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Any

from shared.store.documents import converted
from shared.store.indexes import serving_index
from shared.store.query import RANGES, Query
from shared.store.sortable import BOOLEAN, ESCAPE, SORTABLE, TIME, from_json, sql_value
from shared.store.sqlite_file import field_sql, index_name
from shared.store.store import Document, OrderBy, Page, Value, Where

Part = tuple[str, list[Any]]
"""Some SQL and the values of its question marks."""


Row = tuple[str, int, str]
"""A document's id, version and data."""


def read_page(connection: Connection, query: Query) -> Page:
    """The documents that the query finds, up to its limit."""
    rows: list[Row] = []
    for sql, values in page_statements(query):
        rows += connection.execute(sql, [*values, query.limit + 1 - len(rows)])
        if len(rows) > query.limit:
            break
    documents = [found(query.collection, row) for row in rows[: query.limit]]
    return Page(documents, query.cursor_after(documents[-1]) if len(rows) > query.limit else None)


def found(collection: str, row: Row) -> Document:
    """The document in a row of this collection."""
    document_id, version, text = row
    return Document(f"{collection}/{document_id}", from_json(text), version)


def count_statement(query: Query) -> Part:
    """SELECT how many documents match."""
    sql, values = _joined([_scope(query), *map(_filter, query.where)])
    return f"SELECT count(*) FROM {_source(query)} WHERE {sql}", values


def page_statements(query: Query) -> Iterator[Part]:
    """SELECT id, version, data; each statement continues where the one before it ended."""
    ranged = {one.field for one in query.ranges}
    present = [_present(one) for one in query.order if one.field not in ranged]
    settled = [_scope(query), *map(_filter, query.equalities), *present]
    ranges = [*map(_filter, query.ranges)]
    if query.after is None:
        yield _select([*settled, *ranges], query, query.order)
        return
    values = [_sql(value) for value in query.after.values]
    ties = list(zip(query.order, values, strict=True))
    by_id = "id < ?" if query.ids_descend else "id > ?"
    beside = [*map(_beside_the_index, ranges)]
    yield _select([*settled, *beside, *map(_equal, ties), (by_id, [query.after.document_id])], query, ())
    for place in reversed(range(len(ties))):
        bounds = beside if place else ranges
        for later in _later(*ties[place]):
            yield _select([*settled, *bounds, *map(_equal, ties[:place]), later], query, query.order[place:])


def _select(filters: Sequence[Part], query: Query, order: Sequence[OrderBy]) -> Part:
    sql, values = _joined(filters)
    terms = [f"{field_sql(one.field)}{' DESC' if one.descending else ''}" for one in order]
    terms.append("id DESC" if query.ids_descend else "id")
    return f"SELECT id, version, data FROM {_source(query)} WHERE {sql} ORDER BY {', '.join(terms)} LIMIT ?", values


def _source(query: Query) -> str:
    # Without statistics SQLite would at times rather read a million documents in order of their ids.
    index = serving_index(query)
    return "documents" if index is None else f'documents INDEXED BY "{index_name(index)}"'


def _scope(query: Query) -> Part:
    sql = "collection = (SELECT key FROM collections WHERE path = ?)"
    if serving_index(query) is not None:
        sql += f" AND kind = '{query.group}'"  # word for word as in the index's own condition
    return sql, [query.collection]


def _filter(where: Where) -> Part:
    field, value = field_sql(where.field), where.value
    if where.comparison == "in" and isinstance(value, list):
        marks = ", ".join("?" * len(value))
        return f"{field} IN ({marks}){_text_only(where.field, value)}", [_sql(one) for one in value]
    if where.comparison in RANGES:
        return _range(where)
    if value is None:
        is_null = f"json_type(data,'$.{where.field}') = 'null'"
        return (f"{field} IS NULL AND {is_null}" if where.comparison == "==" else f"{field} IS NOT NULL"), []
    unlike = f" OR {_not_text(where.field)}" if _looks_like_json(value) else ""
    if where.comparison == "!=":
        return f"{field} IS NOT NULL AND ({field} != ?{unlike})", [_sql(value)]
    return f"{field} = ?{_text_only(where.field, [value])}", [_sql(value)]


def _range(where: Where) -> Part:
    """A comparison, and the bound on the other side that keeps to values of the same kind."""
    field, value = field_sql(where.field), where.value
    sql, values = f"{field} {where.comparison} ?", [_sql(value)]
    below = where.comparison in ("<", "<=")
    if isinstance(value, str):
        lists = f" AND NOT ({_not_text(where.field)})"
        return sql + (f" AND {field} >= '{ESCAPE}'" if below else "") + lists, values
    if isinstance(value, datetime):
        return sql + (f" AND {field} >= '{TIME}'" if below else f" AND {field} < '{ESCAPE}'"), values
    if isinstance(value, bool):
        return sql + (f" AND {field} >= '{BOOLEAN}'" if below else f" AND {field} < '{TIME}'"), values
    return sql + ("" if below else f" AND {field} < ''"), values


def _beside_the_index(part: Part) -> Part:
    """The same filter, but not one that SQLite takes for the stretch to read: a tie narrows that down further."""
    sql, values = part
    return sql.replace("json_extract(", "+json_extract("), values


def _present(order: OrderBy) -> Part:
    return f"json_type(data,'$.{order.field}') IS NOT NULL", []


def _equal(tie: tuple[OrderBy, Any]) -> Part:
    field, value = field_sql(tie[0].field), tie[1]
    return (f"{field} IS NULL", []) if value is None else (f"{field} = ?", [value])


def _later(order: OrderBy, value: Any) -> list[Part]:
    """The stretches of documents that come after this value in this order."""
    field = field_sql(order.field)
    if order.descending:
        return [] if value is None else [(f"{field} < ?", [value]), (f"{field} IS NULL", [])]
    return [(f"{field} IS NOT NULL", []) if value is None else (f"{field} > ?", [value])]


def _text_only(field: str, values: Sequence[Value]) -> str:
    return f" AND NOT ({_not_text(field)})" if any(map(_looks_like_json, values)) else ""


def _not_text(field: str) -> str:
    return f"json_type(data,'$.{field}') IN ('array','object')"


def _looks_like_json(value: Value) -> bool:
    """True for text that json_extract() could also make of a list or a map."""
    return isinstance(value, str) and value.startswith(("[", "{"))


def _sql(value: Value) -> Any:
    return sql_value(converted({"value": value}, SORTABLE)["value"])


def _joined(parts: Sequence[Part]) -> Part:
    return " AND ".join(f"({sql})" for sql, _ in parts), [value for _, values in parts for value in values]
