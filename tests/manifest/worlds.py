"""Strategies that make any noun from its own shape, and any world from its nouns."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, get_origin

from annotated_types import Ge, Gt, Le, Len
from hypothesis import strategies as st

from kubeslice_sim.manifest.shape import bare_type, choices, fields_of, item_type
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap, freeze
from kubeslice_sim.model.kinds import WORLD_NOUNS
from kubeslice_sim.model.kubernetes import KUBERNETES_KINDS, KubernetesObject
from kubeslice_sim.model.quantity import Quantity
from kubeslice_sim.model.scenario import Scenario
from kubeslice_sim.model.timestamp import Rfc3339
from kubeslice_sim.model.underlay import Underlay
from kubeslice_sim.model.world import World

TREACHEROUS = (
    "no", "on", "~", "null", "true", "1", "1.9", "0x1f", "1e3", ".inf", "1:30", "2026-01-31", "- a", "a: b", "#c", "*",
    "&x", "!t", "<<", "=", "", " ", "a\nb", "a\n", "\n", " a\n b", "\ttab", "a ", "é", "\u2028", "\x85", "\ufeff",
    "'", '"',
    "@x", "%x", "---", "...", "? x", "key:", "|", ">", "{}", "[]", "0777", "1_000", "12e03", "0b1", "+1", "\x07",
)  # fmt: skip
TEXT = st.sampled_from(TREACHEROUS) | st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
JSON = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def nouns(noun: Any) -> st.SearchStrategy[Any]:
    """Any valid object of a dataclass of the model."""
    shapes = list(fields_of(noun).values())
    names = [item.name for item in fields(noun)]
    return st.fixed_dictionaries(
        {name: _field(shape) for name, shape in zip(names, shapes, strict=True)}
    ).map(lambda values: noun(**values))  # fmt: skip


def _field(shape: Any) -> st.SearchStrategy[Any]:
    made = _value(shape.type, shape.marks)
    if shape.optional:
        made = st.none() | made
    return made if shape.required else st.just(shape.default) | made


def _value(kind: Any, marks: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, tuple):
        return st.one_of([_value(member, ()) for member in kind])
    for mark in marks:
        if isinstance(mark, Quantity):
            top = mark.maximum if mark.maximum is not None else 1e15
            low = mark.minimum or 0.0
            return st.floats(low, top, allow_subnormal=False).map(lambda value: value if value > 1e-15 else 0.0)
        if isinstance(mark, Rfc3339):
            return st.datetimes().map(lambda moment: f"{moment.replace(year=2026, microsecond=0).isoformat()}Z")
    if is_dataclass(kind):
        return st.deferred(lambda: nouns(kind))
    if choices(kind):
        return st.sampled_from(choices(kind))
    if kind is Any:
        return JSON.map(freeze)
    if get_origin(kind) in (tuple, FrozenMap):
        inner, inner_marks, _ = bare_type(item_type(kind))
        length = next((mark for mark in marks if isinstance(mark, Len)), None)
        low, high = (length.min_length, length.max_length) if length else (0, 3)
        held = _value(inner, inner_marks)
        if get_origin(kind) is tuple:
            return st.lists(held, min_size=low, max_size=high).map(tuple)
        return st.dictionaries(TEXT, held, max_size=2).map(FrozenMap)
    low = next((mark.ge for mark in marks if isinstance(mark, Ge)), None)
    high = next((mark.le for mark in marks if isinstance(mark, Le)), None)
    above = next((mark.gt for mark in marks if isinstance(mark, Gt)), None)
    if kind is str:
        length = next((mark for mark in marks if isinstance(mark, Len)), None)
        return TEXT.filter(bool).map(lambda text: text[: length.max_length]) if length else TEXT
    return {
        bool: st.booleans(),
        int: st.integers(low if low is not None else -(2**31), high if high is not None else 2**31),
        float: st.floats(
            low if low is not None else -1e9 if above is None else above, high if high is not None else 1e9,
            allow_nan=False, exclude_min=above is not None,
        ),
    }[kind]  # fmt: skip


@st.composite
def kubernetes_objects(draw: st.DrawFn) -> KubernetesObject:
    """A built-in object; those with a body of their own are sound where the loader looks."""
    kind = draw(st.sampled_from(("Namespace", "Deployment", "Pod")))
    labels = draw(st.dictionaries(TEXT, TEXT, min_size=1, max_size=2))
    pod = {"containers": [{"name": "c", "image": draw(TEXT), "args": draw(st.lists(TEXT, max_size=2))}]}
    spec = {
        "Namespace": {},
        "Pod": pod,
        "Deployment": {
            "replicas": draw(st.integers(0, 5)), "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {**pod, "x": draw(JSON)}},
        },
    }[kind]  # fmt: skip
    metadata = ObjectMeta(name=draw(TEXT), namespace="" if kind == "Namespace" else draw(TEXT.filter(bool)))
    return KubernetesObject(
        api_version=KUBERNETES_KINDS[kind], kind=kind, metadata=metadata, body=freeze({"spec": spec})
    )


def _without_requests(scenario: Scenario) -> Scenario:
    """What a timeline applies must be documents, which any JSON is not."""
    timeline = tuple(replace(step, apply=()) for step in scenario.spec.timeline)
    return replace(scenario, spec=replace(scenario.spec, timeline=timeline))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world of any valid documents, whether or not they fit together."""
    made = {noun.__name__: draw(st.lists(nouns(noun), max_size=2)) for noun in WORLD_NOUNS if noun is not Underlay}
    underlay = draw(st.none() | nouns(Underlay))
    return World(
        projects=tuple(made["Project"]),
        clusters=tuple(made["Cluster"]),
        slices=tuple(made["SliceConfig"]),
        topologies=tuple(made["SliceTopology"]),
        qos_profiles=tuple(made["SliceQosConfig"]),
        exports=tuple(made["ServiceExport"]),
        scenarios=tuple(_without_requests(scenario) for scenario in made["Scenario"]),
        objects=tuple(draw(st.lists(kubernetes_objects(), max_size=2))),
        **({"underlay": underlay} if underlay else {}),
    )
