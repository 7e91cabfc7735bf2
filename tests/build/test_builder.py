"""What a builder promises: sane defaults, no change behind one's back, every problem at the call that it is about."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kubeslice_sim as ks
from kubeslice_sim import manifest
from kubeslice_sim.build.calls import CLUSTER_UNDERLAY, DEFAULT_LINK, DOCUMENTS, LINK, PARTS, WORKLOADS, WRITTEN
from kubeslice_sim.build.step import defaults_of


def pair() -> ks.WorldBuilder:
    return ks.world("pair").project("demo").cluster("a").cluster("b").link("a", "b", rtt="20ms")


def line_of(text: str) -> int:
    return 1 + next(
        number
        for number, line in enumerate(Path(__file__).read_text().splitlines())
        if text in line and "line_of" not in line
    )


def test_a_small_world_is_a_few_words() -> None:
    world = pair().slice("red", "10.1.0.0/16", namespaces=["shop"]).build()
    assert world.slices[0].spec.clusters == ("a", "b")
    assert world.slices[0].spec.standard_qos_profile_name == "default"
    assert world.underlay.path("a", "b").delay_s == 0.01
    assert manifest.load_text(manifest.dump(world)) == world
    assert len(ks.plan(world).slices[0].tunnels) == 2


def test_a_builder_never_changes() -> None:
    start = pair()
    one, other = start.slice("red", "10.1.0.0/16"), start.slice("blue", "10.2.0.0/16")
    assert [item.metadata.name for item in one.build().slices] == ["red"]
    assert [item.metadata.name for item in other.build().slices] == ["blue"]
    assert start.build().slices == ()


def test_what_the_caller_changes_later_changes_nothing() -> None:
    names = ["a"]
    builder = pair().slice("red", "10.1.0.0/16", names)
    names.append("b")
    assert builder.build().slices[0].spec.clusters == ("a",)


def test_every_problem_comes_at_once_with_its_call_and_argument() -> None:
    builder = (
        pair()
        .cluster("c", gateway_nodes=99)  # too many nodes
        .link("a", "d", rtt="62")  # no unit
        .slice("red", "10.1.0.0/15", ceiling="1Mbit", guaranteed="2Mbit")  # wrong subnet
    )
    with pytest.raises(ks.BadInput) as caught:
        builder.build()
    here = str(Path(__file__)).removeprefix(f"{Path.cwd()}/")
    assert [(item.file, item.line, item.path) for item in caught.value.problems] == [
        (here, line_of("# too many nodes"), 'cluster("c").gateway_nodes'),
        (here, line_of("# no unit"), 'link("a", "d").rtt'),
        (here, line_of("# no unit"), 'link("a", "d"): between[1]'),
        (here, line_of("# wrong subnet"), 'slice("red").guaranteed'),
        (here, line_of("# wrong subnet"), 'slice("red").subnet'),
    ]
    rules = {item.path: item.rule for item in caught.value.problems}
    assert rules['slice("red").subnet'] == "slice-subnet-form"


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (pair().pod("web"), 'pod("web"): metadata.namespace: required field missing'),
        (ks.world().cluster("a"), 'cluster("a"): a document of KubeSlice\'s stands in a project'),
        (pair().ping("p", "a/b", "c"), 'ping("p"): ping belongs to a scenario'),
        (pair().qos_profile("q", ceiling="30", guaranteed="1Mbit"), 'qos_profile("q").ceiling: \'30\' needs a unit'),
        (pair().qos_profile("q", ceiling="1500bit", guaranteed="1kbit"), "is no whole number of kbit/s"),
        (pair().export("web", "red", {"http": 80}), 'needs its namespace (write it as "shop/web")'),
        (pair().slice("red", "10.1.0.0/16", more={"spec": {"sliceTyp": "x"}}), 'slice("red").more: unknown field'),
        (pair().add({"apiVersion": "v1", "kind": "Namespac"}), 'unknown kind "Namespac" (did you mean Namespace?)'),
        (pair().slice("red", "10.1.0.0/16", "a", qos="gold"), 'slice("red").qos: the SliceQoSConfig gold was'),
    ],
)  # fmt: skip
def test_a_problem_names_its_argument(builder: ks.WorldBuilder, message: str) -> None:
    with pytest.raises(ks.BadInput) as caught:
        builder.build()
    assert message in str(caught.value)


def test_a_mistyped_argument_is_python_s_own_error() -> None:
    with pytest.raises(TypeError, match="rt"):
        pair().link("a", "b", rt="20ms")  # type: ignore[call-arg]


def test_an_old_version_is_not_asked_for_what_nobody_said() -> None:
    world = (
        ks.world()
        .project("demo")
        .cluster("a", node_ips="203.0.113.7", more={"spec": {"networkInterface": "eth0"}})
        .slice("red", "10.1.0.0/16", ceiling="2Mbit", guaranteed="1Mbit")
        .underlay(version="0.6")
        .build()
    )
    assert world.underlay.spec.kubeslice_version == "0.6"


def test_hub_and_spoke_is_a_word() -> None:
    builder = pair().underlay(version="next").slice("red", "10.1.0.0/16", hubs="a")
    world = builder.build()
    assert world.slices[0].spec.topology is not None
    assert world.slices[0].spec.topology.hubs == ("a",)
    assert 'hubs=["a"]' in ks.to_python(world)
    with pytest.raises(ks.BadInput, match="since next"):
        pair().slice("red", "10.1.0.0/16", hubs="a").build()


def test_the_tables_and_the_signatures_agree() -> None:
    for call, written in WRITTEN.items():
        defaults = defaults_of(getattr(ks.WorldBuilder, call))
        assert {name: defaults[name] for name in written} == written
    known: dict[str, Any] = {**DOCUMENTS, **WORKLOADS, **PARTS}
    for call, table in known.items():
        said = set(defaults_of(getattr(ks.WorldBuilder, call)))
        if table.__class__.__name__ == "Part" and call in ("ping", "dns", "tcp", "udp", "http"):
            continue  # one table for all traffic; each call has the arguments that mean something to it
        assert {item.name for item in table.arguments} - {"namespace", "clusters"} <= said, call
    assert {item.name for item in CLUSTER_UNDERLAY} <= set(defaults_of(ks.WorldBuilder.cluster))
    assert {item.name for item in LINK} <= set(defaults_of(ks.WorldBuilder.link))
    assert {item.name for item in DEFAULT_LINK} <= set(defaults_of(ks.WorldBuilder.default_link))


def test_every_call_says_what_it_does() -> None:
    for name, method in inspect.getmembers(ks.WorldBuilder, inspect.isfunction):
        assert name.startswith("_") or (method.__doc__ or "").strip(), name


def test_a_builder_shows_itself_in_a_line() -> None:
    assert repr(pair()) == (
        '<WorldBuilder pair: 4 calls: project("demo"), cluster("a"), cluster("b"), link("a", "b"); '
        ".build() makes the World>"
    )


def test_the_program_of_the_readme_builds_a_world(root: Path) -> None:
    blocks = (root / "README.md").read_text().split("```python\n")[1:]
    (program,) = [text for block in blocks if ".build()" in (text := block.split("```")[0])]
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - our own text
    assert names["far"].underlay.path("frankfurt", "virginia").delay_s == 0.1
    assert ks.verify(names["world"], "shop/front@frankfurt", "cart.shop.svc.slice.local:8080").allowed


@pytest.mark.long
def test_a_strict_type_checker_accepts_the_programs_and_sees_mistakes(tmp_path: Path) -> None:
    good = ks.to_python(ks.example("03-gateway-failure"))
    checks = {"good.py": (good, 0), "bad.py": (good.replace('dscp="EF"', 'dscp="EX"'), 1)}
    for name, (program, code) in checks.items():
        (tmp_path / name).write_text(program)
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--config-file", "", str(tmp_path / name)],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout
