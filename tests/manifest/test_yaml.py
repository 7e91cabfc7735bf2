"""YAML in: what scalars mean, where everything stands, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from kubeslice_sim.manifest.scalar import resolve
from kubeslice_sim.manifest.tree import DEEPEST
from kubeslice_sim.manifest.yaml_text import parse


def data(text: str) -> Any:
    (source,), problems = parse(text, "f.yaml")
    assert problems == []
    return source.data


def faults(text: str) -> list[str]:
    return [str(problem) for problem in parse(text, "f.yaml")[1]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("Off", "Off"), ("y", "y"),
        ("true", True), ("True", True), ("FALSE", False), ("null", None), ("~", None), ("", None),
        ("0", 0), ("-12", -12), ("+3", 3), ("007", 7), ("0o17", 15), ("0x1F", 31), ("1_000", "1_000"), ("0b11", "0b11"),
        ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("-1.5E-2", -0.015),
        (".inf", ".inf"), (".nan", ".nan"), ("1e999", "1e999"), ("9" * 65, "9" * 65), ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"), ("1.9.0", "1.9.0"), ("10.1.0.0/16", "10.1.0.0/16"), ("-", "-"), ("fa", "fa"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: Any) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_quoted_scalars_and_keys_are_text() -> None:
    assert data("on: '12'\n8080: \"true\"\ntrue: !!str 5\n") == {"on": "12", "8080": "true", "true": "5"}


def test_every_value_knows_the_line_of_its_key_or_item() -> None:
    (_, source), problems = parse("a: 1\n---\nspec:\n  list:\n  - x: 1\n\n    y:\n      deep: 2\n  - 7\n", "f.yaml")
    assert problems == []
    assert source.line == 3
    item: tuple[str | int, ...] = ("spec", "list", 0)
    lines = {
        (): 3, ("spec",): 3, item: 5, (*item, "y"): 7, (*item, "y", "deep"): 8,
        ("spec", "list", 1): 9, ("spec", "absent", "deeper"): 3, ("spec", "list", 5): 4,
    }  # fmt: skip
    assert {path: source.line_of(path) for path in lines} == lines


def test_a_key_may_stand_once() -> None:
    assert faults("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n") == [
        "f.yaml:5: the key 'c' stands twice in one mapping (first on line 3)"
    ]


def test_a_syntax_fault_does_not_hide_the_documents_after_it() -> None:
    text = 'a: 1\n---\nb: [1, 2\n---\nc: 3\n---\nd: {x: 1, x: 2}\n---\ne: "open\nf: 1\n---\ng: 7\n'
    sources, problems = parse(text, "f.yaml")
    assert [source.data for source in sources] == [{"a": 1}, {"c": 3}, {"d": {"x": 1}}, {"g": 7}]
    assert [source.line for source in sources] == [1, 5, 7, 12]
    assert [problem.line for problem in problems] == [4, 7, 11]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:\n\tb: 1\n", "f.yaml:2: a tab cannot indent YAML (use spaces)"),
        ("a: b: c\n", "f.yaml:1: this is not YAML: mapping values are not allowed in this context"),
        ("a: *b\n", "f.yaml:1: the alias *b has no anchor before it (write &b first)"),
        ("a: &x [*x]\n", "f.yaml:1: the alias *x has no anchor before it"),
        ("a: !!python/object:os.system x\n", "the tag !!python/object:os.system is not allowed"),
        ("a: !mine {}\n", "the tag !mine is not allowed"),
        ("a: !!int x\n", "the value is no int"),
        ("? [1]\n: 2\n", "a mapping or list cannot be a key"),
        ("- 1\n", "f.yaml:1: the document is a list, not a mapping"),
        ("\n\njust text\n", "f.yaml:3: the document is a single value, not a mapping"),
        ("a: \x01\n", "this is not YAML"),
    ],
)
def test_what_is_refused_and_how(text: str, said: str) -> None:
    (fault, *_) = faults(text)
    assert said in fault


def test_anchors_and_aliases_within_bounds_are_data() -> None:
    assert data("a: &x {k: [1, 2]}\nb: *x\nc: [*x]\n&k d: *k\n") == {
        "a": {"k": [1, 2]}, "b": {"k": [1, 2]}, "c": [{"k": [1, 2]}], "d": "d",
    }  # fmt: skip


def test_a_bomb_of_aliases_does_not_go_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (fault,) = faults("\n".join(lines))
    assert "the aliases stand for more than 100000 values" in fault


@pytest.mark.parametrize("open_", ["[", "{a: ", "- "])
def test_depth_is_bounded(open_: str) -> None:
    (fault, *_) = faults(open_ * 5000)
    assert f"nested deeper than {DEEPEST} levels" in fault or "not YAML" in fault
    assert data("a: " + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)) is not None


def test_a_byte_order_mark_directives_and_empty_documents_are_nothing() -> None:
    text = "%YAML 1.2\n---\n# nothing\n---\n...\n---\na: 1\n..."
    assert data(text) == {"a": 1}
