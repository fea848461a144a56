"""Whatever a model or a stranger's system says can be kept, and what could be kept as it is stays as it is."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.store.documents import plain
from shared.store.storable import storable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"in": value}
    return value


@given(JSON)
@example([[1], [2, [3]]])
@example({"": 1, "__name__": 2, "x" * 4000: 3, "__": 4})
@example(10**30)
@example("\ud800")
@example(math.nan)
@example(deep(60))
@example({"a": [{"b": [[1]]}]})
def test_everything_can_be_kept(value: Any) -> None:
    plain({"result": storable(value)})


@pytest.mark.parametrize("value", [None, True, 3, 2.5, "नमस्ते", [1, "a"], {"a": {"b": [{"c": None}]}}])
def test_what_could_be_kept_is_not_changed(value: Any) -> None:
    assert storable(value) == value


def test_a_list_in_a_list_is_still_to_be_read() -> None:
    assert storable([[1, "a"]]) == ['[1, "a"]']
