"""World → Python: the program that builds it, as a person would write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kubeslice_sim.build.decompose import calls_of
from kubeslice_sim.build.step import Step
from kubeslice_sim.manifest.admit import refusals
from kubeslice_sim.model.world import World

_WIDTH = 110
_POSITIONAL: Mapping[str, tuple[str, ...]] = {
    "slice": ("name", "subnet", "clusters"),
    "topology": ("slice",),
    "export": ("name", "slice", "ports"),
    "link": ("a", "b"),
    "partition": ("a", "b"),
    "degrade": ("a", "b"),
    "scenario": ("name", "duration"),
    **dict.fromkeys(("ping", "dns", "tcp", "udp", "http", "expect_reach", "expect_no_reach"), ("name", "source", "to")),
    "kill": ("part",),
    "hang": ("slice", "cluster", "peer"),
    "disturb_api": ("how", "cluster"),
    "break_certificates": ("slice",),
    "set_clock": ("way", "by", "cluster"),
    "patch": ("document",),
    "delete": ("document",),
    "restore": ("what",),
    "expect_name": ("name", "source", "dns_name"),
    "expect_outage": ("name", "traffic"),
    "expect_metric": ("name", "metric", "traffic"),
    "default_link": (),
}
"""What is said without its name; otherwise the name alone."""


def to_python(world: World) -> str:
    """The program whose ``world`` equals this world. A world that KubeSlice would refuse is built unjudged.

    >>> from kubeslice_sim.build import world
    >>> print(to_python(world("tiny").project("demo").cluster("a").build()))
    import kubeslice_sim as ks
    <BLANKLINE>
    world = (
        ks.world("tiny")
        .project("demo")
        .cluster("a")
        .build()
    )
    <BLANKLINE>
    """
    build = ".build(admit=False)" if refusals(world) else ".build()"
    calls = [line for step in calls_of(world) for line in _call(step)]
    lines = [f"ks.world({_value(world.name)})", *calls, build]
    return "import kubeslice_sim as ks\n\nworld = (\n" + "".join(f"    {line}\n" for line in lines) + ")\n"


def _call(step: Step) -> Iterator[str]:
    words = list(_words(step))
    line = f".{step.call}({', '.join(words)})"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f".{step.call}("
    row = ""
    for word in words:
        if row and len(row) + len(word) + 2 > _WIDTH - 4:
            yield f"    {row.rstrip()}"
            row = ""
        row += f"{word}, "
    yield f"    {row.rstrip()}"
    yield ")"


def _words(step: Step) -> Iterator[str]:
    said = dict(step.said)
    if step.call in ("add", "apply"):
        yield from (_value(document) for document in said.pop("documents", ()))
    if step.call in ("step", "expect"):
        if "name" in said:
            yield _value(said["name"])
        fields = said["fields"]
        plain = all(key.isidentifier() for key in fields)
        yield from ((f"{key}={_value(value)}" for key, value in fields.items()) if plain else [f"**{_value(fields)}"])
        return
    for name in _POSITIONAL.get(step.call, ("name",)):
        if name not in said:
            break
        yield _value(said.pop(name))
    for name, value in said.items():
        yield f"{name}={_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_value(key)}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(_value(item) for item in value) + ("," if len(value) == 1 else "") + ")"
    text = repr(value)
    if isinstance(value, str) and text.startswith("'") and '"' not in text and "\\" not in text:
        return f'"{text[1:-1]}"'
    return text
