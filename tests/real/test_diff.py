"""The field-level diff, without a server."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from real.diff import MASK, field_changes

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


def thing(**body: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}, **body}


def test_what_the_server_keeps_is_no_difference() -> None:
    live = thing(status={"phase": "Active"}, spec={"a": 1})
    live["metadata"] |= {
        "resourceVersion": "7",
        "uid": "u",
        "generation": 3,
        "managedFields": [{}],
        "labels": {"x": "1"},
    }
    assert field_changes(live, thing(spec={"a": 1}) | {"metadata": {"name": "n", "labels": {"x": "1"}}}) == ()


def test_added_removed_and_changed_fields() -> None:
    changes = field_changes(thing(spec={"a": 1, "gone": [1]}), thing(spec={"a": 2, "new": {"b": True}}))
    assert [str(change) for change in changes] == ["spec.a: 1 -> 2", "spec.gone: - [1]", "spec.new: + {'b': True}"]


def test_list_items_are_named_where_they_have_a_name() -> None:
    before = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}], "args": ["x", "y"]}
    after = {"containers": [{"name": "b", "image": "2"}, {"name": "a", "image": "1"}], "args": ["x", "z"]}
    assert [str(change) for change in field_changes(thing(spec=before), thing(spec=after))] == [
        "spec.containers[name=b].image: '1' -> '2'", "spec.args[1]: 'y' -> 'z'",
    ]  # fmt: skip


def test_keys_with_dots_are_bracketed() -> None:
    before, after = thing(), thing()
    after["metadata"] = {"name": "n", "labels": {"kubeslice-sim.io/world": "w"}}
    assert [str(item) for item in field_changes(before, after)] == [
        "metadata.labels: + {'kubeslice-sim.io/world': 'w'}"
    ]
    before["metadata"] = {"name": "n", "labels": {"a": "b"}}
    assert field_changes(before, after)[1].path == "metadata.labels[kubeslice-sim.io/world]"


def test_secrets_and_tokens_are_told_but_not_shown() -> None:
    before = {**thing(data={"token": "b2xk"}), "kind": "Secret"}
    after = {**thing(data={"token": "bmV3"}, stringData={"more": "hush"}), "kind": "Secret"}
    assert [str(change) for change in field_changes(before, after)] == [
        f"data.token: {MASK!r} -> {MASK!r}", f"stringData: + {MASK!r}",
    ]  # fmt: skip
    dashboard = {"monitoring": {"kubernetesDashboard": {"accessToken": "hush", "endpoint": "e"}}}
    (change,) = field_changes(thing(spec={}), thing(spec=dashboard))
    assert "hush" not in str(change) and "'endpoint': 'e'" in str(change)


@given(_VALUES, _VALUES)
def test_no_change_exactly_when_equal(before: Any, after: Any) -> None:
    same = before == after and repr(before) == repr(after)
    if same or before != after:  # True == 1 in Python, as in no YAML file
        assert (field_changes(thing(spec={"v": before}), thing(spec={"v": after})) == ()) == same
