"""Where every value comes from: the value is the plan's, and the formula gives it again."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given, settings
from pytest_regressions.file_regression import FileRegressionFixture

from kubeslice_sim.errors import BadInput
from kubeslice_sim.manifest import load
from kubeslice_sim.model.world import World
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.planner.provenance import askable, why, why_each
from tests.planner import worlds

GOLDEN = Path(__file__).parents[1] / "golden"
NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def three() -> Plan:
    return plan(load(GOLDEN / "plans" / "three-clusters.yaml"))


def test_every_value_is_told_as_reviewed(three: Plan, file_regression: FileRegressionFixture) -> None:
    told = "\n".join(str(why(three, path)) for path in askable(three))
    file_regression.check(f"{told}\n", fullpath=GOLDEN / "provenance" / "three-clusters.txt")


def facts(found: Plan) -> dict[str, str]:
    """Path → value, read from the plan itself."""
    told: dict[str, str] = {}
    for item in found.slices:
        for member in item.members:
            told[f"{item.name}/{member.cluster}/slot"] = str(member.slot)
            told[f"{item.name}/{member.cluster}/cidr"] = str(member.cidr)
            if member.router:
                told[f"{item.name}/{member.cluster}/router/nsm-address"] = str(member.router.address)
                told[f"{item.name}/{member.cluster}/router/node"] = member.router.node
        for pair in item.pairs:
            for side, ends in ((pair.server, 0), (pair.client, 1)):
                base = f"{item.name}/{side.cluster}/gateways/{side.peer}"
                told |= {f"{base}/name": side.name, f"{base}/role": side.host_type, f"{base}/number": str(pair.number),
                         f"{base}/vpn-address": str(side.vpn_ip),
                         f"{base}/connectivity": f"{pair.connectivity} {pair.protocol}"}  # fmt: skip
                for tunnel in pair.tunnels:
                    end = tunnel.ends[ends]
                    told |= {f"{base}/{tunnel.instance}/nsm-address": str(end.nsm_ip),
                             f"{base}/{tunnel.instance}/node": end.node,
                             f"{base}/{tunnel.instance}/deployment": end.deployment,
                             f"{base}/{tunnel.instance}/node-port": str(tunnel.node_port)}  # fmt: skip
        if item.qos:
            told |= {f"{item.name}/qos/class": item.qos.leaf, f"{item.name}/qos/parent": item.qos.parent}
    for pod in found.pods:
        if pod.slice:
            told[f"{pod.slice}/{pod.cluster}/pods/{pod.namespace}/{pod.name}/nsm-address"] = str(pod.nsm_ip)
    for item in found.slices:
        for policy in item.policies:
            told[f"{item.name}/{policy.cluster}/isolation/{policy.namespace}"] = ", ".join(policy.allowed_namespaces)
        answers = found.cluster(item.members[0].cluster).dns
        told |= {f"{item.name}/names/{s.dns_name}": ", ".join(map(str, answers[s.dns_name]))
                 for s in item.services if s.dns_name in answers}  # fmt: skip
    return told


@settings(max_examples=15, deadline=None)
@given(worlds.worlds())
def test_values_are_the_plans_own_and_nothing_is_left_out(world: World) -> None:
    found = plan(world)
    known = facts(found)
    assert known.keys() <= set(askable(found))
    for path in sorted(known)[:: max(1, len(known) // 40)]:
        assert why(found, path).value == known[path], path


@settings(max_examples=15, deadline=None)
@given(worlds.worlds())
def test_values_named_as_inputs_can_be_asked_in_turn(world: World) -> None:
    found = plan(world)
    paths = askable(found)
    assert len(set(paths)) == len(paths)
    for path in paths[:: max(1, len(paths) // 40)]:
        for item in why(found, path).inputs:
            if item.name in paths:
                assert why(found, item.name).value == item.value, (path, item)
            else:
                assert not re.match(r"s\d+/", item.name), f"{path} rests on {item.name}, which nobody can ask for"


@settings(max_examples=15, deadline=None)
@given(worlds.worlds())
def test_formulas_give_the_values_again(world: World) -> None:
    found = plan(world)
    for path in askable(found):
        told = why(found, path)
        kept = "keeps" in told.formula or "had before" in told.formula
        if path.endswith("/number"):
            expression = re.search(r"= (.*);", told.formula)
        elif path.endswith("/node-port") and not kept:
            expression = re.search(r"= (.*)$", told.formula)
        elif path.endswith(("qos/class", "qos/parent")):
            assert told.value.endswith(re.findall(r"= (\d+)", told.formula)[-1])
            continue
        elif path.endswith("/cidr"):
            first, second, third, rest = re.search(r": (\d+)\.(\d+)\.\((.*)\)\.(.*)$", told.formula).groups()  # type: ignore[union-attr]
            network = f"{first}.{second}.{calculate(third)}.{rest}"
            assert IPv4Network(network) == IPv4Network(told.value)
            continue
        else:
            continue
        assert expression is not None
        assert calculate(expression.group(1)) == int(told.value), told


def calculate(text: str) -> int:
    """The value of sums and products as formulas write them: ``(3 - 1)(3 - 2) / 2 + 0``, ``2 × 64``."""
    python = text.replace("×", "*").replace(")(", ")*(").replace("/", "//")
    assert re.fullmatch(r"[\d\s()*+/-]+", python), text
    return int(eval(python))  # noqa: S307 - digits and signs only


def of(*members: str) -> World:
    return worlds.world(NAMES, [worlds.slice_config("red", members)], [worlds.deployment("web", ["b"])])


def test_what_history_fixed_is_told_as_such() -> None:
    first = plan(of("a", "b", "c"))
    after = plan(of("c", "b"), previous=first)
    assert "a member keeps the slot" in why(after, "red/c/slot").formula
    assert "as number 1 of today's list it would have slot 0" in why(after, "red/c/slot").formula
    assert "a pair keeps its roles" in why(after, "red/b/gateways/c/role").formula
    assert why(after, "red/b/gateways/c/role").value == "Server"
    assert "asked anew it would get 10.1.16.2" in why(after, "red/b/gateways/c/0/nsm-address").formula


def test_a_traffic_class_may_be_kept() -> None:
    two = [worlds.slice_config(name, NAMES[:2], subnet=f"10.{i}.0.0/16") for i, name in enumerate("pq")]
    first = plan(worlds.world(NAMES, two))
    after = plan(worlds.world(NAMES, two[1:]), previous=first)
    assert why(after, "q/qos/class").value == "17:23"
    assert "keeps number 2" in why(after, "q/qos/class").formula


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("books/nroth/cidr", "did you mean books/north/cidr"),
        ("book/east", "did you mean books/east"),
        ("books/east", "under books/east there is slot, cidr, router"),
        ("books/north/cdir", "did you mean books/north/cidr"),
        ("zzz", "ask for books, pay"),
    ],
)
def test_a_path_that_names_nothing_says_what_was_meant(three: Plan, path: str, meant: str) -> None:
    with pytest.raises(BadInput, match=meant):
        why(three, path)


def test_a_part_can_be_listed(three: Plan) -> None:
    assert askable(three, "books/north/slot") == ("books/north/slot",)
    assert all(path.startswith("books/north/") for path in askable(three, "books/north/"))
    assert len(askable(three)) > len(askable(three, "books/north")) > 20
    with pytest.raises(BadInput, match="did you mean books/north"):
        askable(three, "books/nort")


def test_a_part_can_be_answered_at_once(three: Plan) -> None:
    assert why_each(three, "pay") == tuple(why(three, path) for path in askable(three, "pay"))


def test_a_world_without_slices_has_nothing_to_ask() -> None:
    empty = plan(replace(of("a"), slices=()))
    assert askable(empty) == ()
    with pytest.raises(BadInput, match="the world has no slice"):
        why(empty, "red")
