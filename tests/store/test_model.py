"""Both databases against a plain dictionary: whatever is done to all three, they stay the same."""

from __future__ import annotations

import asyncio
import operator
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared.store import open_store
from shared.store.documents import converted, plain
from shared.store.sortable import SORTABLE, from_json, to_json
from shared.store.store import (
    REMOVE,
    AlreadyExists,
    Comparison,
    Conflict,
    Create,
    Delete,
    Document,
    Merge,
    NotFound,
    OrderBy,
    Put,
    Remove,
    Store,
    StoreError,
    Update,
    Value,
    Where,
    Write,
)

NAMES = st.sampled_from(["a", "b", "c", "d"])
FIELDS = st.sampled_from(["state", "started_at", "other"])
TIMES = st.datetimes(timezones=st.just(UTC))
TEXT = st.text(max_size=5)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False, width=32)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT | TIMES
KEYS = TEXT.filter(lambda name: name and not (name.startswith("__") and name.endswith("__")))
MAPS = st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=2), max_size=2)
VALUES = SCALARS | st.lists(SCALARS | MAPS, max_size=3) | MAPS
ORDERED = st.none() | st.integers(-3, 3) | st.sampled_from([-0.5, 0.0, 1.5, 2.0]) | TIMES | TEXT
DATA = st.fixed_dictionaries(
    {}, optional={"state": st.sampled_from(["x", "y"]), "started_at": ORDERED, "other": VALUES}
)
CHANGES = st.dictionaries(FIELDS, ORDERED | st.just(REMOVE), max_size=2)

COMPARE: Mapping[Comparison, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}

Model = dict[str, dict[str, Any]]


def rank(value: Value) -> tuple[int, Any]:
    """Where a value stands in an order."""
    match value:
        case None:
            return 0, 0
        case int() | float():
            return 1, value
        case datetime():
            return 2, value
        case str():
            return 3, value.encode()
    raise AssertionError(value)


def after(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Fields after changes."""
    kept = {**before, **changes}
    return {name: value for name, value in kept.items() if not isinstance(value, Remove)}


class SameEverywhere(RuleBasedStateMachine):
    """Does everything to SQLite, to Firestore and to a dictionary."""

    versions = Bundle("versions")
    urls: tuple[str, str]

    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.stores = [open_store(url.format(uuid4().hex[:12]), deadline_s=25) for url in self.urls]
        self.model: Model = {}
        self.revision: dict[str, int] = {}
        self.revisions = 0

    def on_each(self, ask: Callable[[Store], Awaitable[Any]]) -> list[Any]:
        """What each store answers, errors included."""

        async def answer(store: Store) -> Any:
            try:
                return await ask(store)
            except StoreError as error:
                return type(error)

        async def answers() -> list[Any]:
            return [await answer(store) for store in self.stores]

        return self.runner.run(answers())

    def wrote(self, path: str, data: dict[str, Any]) -> None:
        self.model[path] = data
        self.revisions += 1
        self.revision[path] = self.revisions

    @rule(target=versions, name=NAMES)
    def read(self, name: str) -> tuple[str, int, list[Any]]:
        path = f"calls/{name}"
        found = self.on_each(lambda store: store.get(path))
        expected = self.model.get(path)
        assert [None if one is None else one.data for one in found] == [expected] * 2
        return path, self.revision.get(path, 0), [None if one is None else one.version for one in found]

    @rule(name=NAMES, data=DATA)
    def create(self, name: str, data: dict[str, Any]) -> None:
        path = f"calls/{name}"
        made = self.on_each(lambda store: store.create(path, data))
        if path in self.model:
            assert made == [AlreadyExists] * 2
        else:
            assert [one.data for one in made] == [data] * 2
            self.wrote(path, data)

    @rule(name=NAMES, changes=CHANGES)
    def update(self, name: str, changes: dict[str, Any]) -> None:
        path = f"calls/{name}"
        changed = self.on_each(lambda store: store.update(path, changes))
        if path not in self.model:
            assert changed == [NotFound] * 2
        else:
            self.wrote(path, after(self.model[path], changes))
            assert [one.data for one in changed] == [self.model[path]] * 2

    @rule(version=versions, changes=CHANGES)
    def compare_and_set(self, version: tuple[str, int, list[Any]], changes: dict[str, Any]) -> None:
        path, revision, tokens = version
        if tokens[0] is None:
            return
        by_store = dict(zip(self.stores, tokens, strict=True))
        changed = self.on_each(lambda store: store.update(path, changes, expected=by_store[store]))
        if self.revision.get(path) != revision:
            assert changed == [Conflict] * 2
        else:
            self.wrote(path, after(self.model[path], changes))
            assert [one.data for one in changed] == [self.model[path]] * 2

    @rule(kinds=st.dictionaries(NAMES, st.sampled_from([Create, Put, Merge, Update, Delete]), max_size=3), data=DATA)
    def batch(self, kinds: dict[str, Any], data: dict[str, Any]) -> None:
        writes: list[Write] = [
            Delete(f"calls/{name}") if kind is Delete else kind(f"calls/{name}", data) for name, kind in kinds.items()
        ]
        refused: set[type[StoreError]] = {
            AlreadyExists for one in writes if isinstance(one, Create) and one.path in self.model
        }
        refused |= {NotFound for one in writes if isinstance(one, Update) and one.path not in self.model}
        for answer in self.on_each(lambda store: store.batch(writes)):
            assert answer in refused if refused else answer is None
        if refused:
            return
        for one in writes:
            if isinstance(one, Delete):
                self.model.pop(one.path, None)
                self.revision.pop(one.path, None)
            else:
                self.wrote(
                    one.path, data if isinstance(one, Create | Put) else after(self.model.get(one.path, {}), data)
                )

    @rule(descending=st.booleans(), state=st.none() | st.sampled_from(["x", "y"]), limit=st.integers(1, 3))
    def pages(self, descending: bool, state: str | None, limit: int) -> None:
        where = [] if state is None else [Where("state", "==", state)]
        order = [OrderBy("started_at", descending or state is not None)]
        expected = [
            (rank(data["started_at"]), path)
            for path, data in self.model.items()
            if "started_at" in data and (state is None or data.get("state") == state)
        ]
        expected.sort(reverse=order[0].descending)

        async def found(store: Store) -> list[str]:
            documents: list[Document] = []
            cursor: str | None = None
            while True:
                page = await store.query("calls", where, order_by=order, limit=limit, cursor=cursor)
                documents += page.documents
                assert len(documents) <= len(self.model)
                if page.next is None:
                    return [one.path for one in documents]
                cursor = page.next

        assert self.on_each(found) == [[path for _, path in expected]] * 2

    @rule(value=ORDERED.filter(lambda value: value is not None), comparison=st.sampled_from(list(COMPARE)))
    def ranges(self, value: Value, comparison: Comparison) -> None:
        kind, wanted = rank(value)
        ranks = [rank(data.get("started_at")) for data in self.model.values()]
        expected = sum(one == kind and COMPARE[comparison](found, wanted) for one, found in ranks)
        where = [Where("started_at", comparison, value)]
        assert self.on_each(lambda store: store.count("calls", where)) == [expected] * 2

    @invariant()
    def nothing_else_is_there(self) -> None:
        if self.model:
            return
        assert self.on_each(lambda store: store.count("calls")) == [0] * 2

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.on_each(lambda store: store.close())
            self.runner.close()


@pytest.mark.firestore
@pytest.mark.timeout(90)
def test_both_stores_are_the_dictionary(firestore_host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)

    class Machine(SameEverywhere):
        urls = ("sqlite:///:memory:", "firestore://test-{}/(default)")

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=int(os.environ.get("STORE_EXAMPLES", "25")),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@given(VALUES)
@example("\x00")
@example("\x00\x01\x00\x00")
@example("\x01\x02")
@example("\x03")
@example({"\x00": "\x01true"})
@example(-0.0)
@example(datetime(1, 1, 1, tzinfo=UTC))
def test_sortable_json_gives_back_every_value(value: Value) -> None:
    assert from_json(to_json(converted({"x": value}, SORTABLE))) == plain({"x": value}) == {"x": value}


@given(ORDERED, ORDERED)
@example("", "\x00")
@example("\x03", "\x04")
@example("\x02", datetime(9999, 12, 31, tzinfo=UTC))
def test_sortable_text_sorts_as_text_and_times_do(one: Value, other: Value) -> None:
    first, second = (converted({"x": value}, SORTABLE)["x"] for value in (one, other))
    if isinstance(first, str) and isinstance(second, str):
        assert (first.encode() < second.encode()) == (rank(one) < rank(other))
    assert (first == second) == (one == other)
