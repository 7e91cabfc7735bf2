"""Our rules on a scenario's timeline: faults, their ends, and requests to the API servers."""

from __future__ import annotations

from collections.abc import Iterator

from kubeslice_sim.admission.known import Known, known_to
from kubeslice_sim.admission.rule import Finding, Request, rule
from kubeslice_sim.model.field_path import FieldPath
from kubeslice_sim.model.scenario import Fault, Scenario, TimelineStep
from kubeslice_sim.model.suggest import meant

_OURS = "kubeslice-sim"
EVERYTHING = "all"
_PLACES = {"gateway": ("slice", "cluster", "peer"), "router": ("slice", "cluster"), "dns": ("cluster",),
           "pod": ("pod", "cluster"), "operator": ("cluster",), "node": ("node", "cluster"),
           "sidecar": ("slice", "cluster", "peer"), "api": ("cluster",), "certificates": ("slice",),
           "clock": ("cluster",)}  # fmt: skip
"""What names each thing that can be killed, hang, or break."""
_KINDS = ("kill", "hang", "partition", "link", "api", "certificates", "clock")
_OF_CONTROLLER = ("operator", "api", "clock")
"""What the controller cluster has too."""
_CONTROLLER = "controller"
_AMOUNTS = {"slower_s": ("slower", "api", "slow"), "by_s": ("by", "clock", "")}
"""How much, the field that it belongs to, and which of its values (any, if empty)."""
_GATEWAYS_OF_A_PAIR = 2


@rule("Scenario", source=_OURS)
def timeline_one_action(request: Request) -> Iterator[Finding]:
    """A step does exactly one thing."""
    for path, step in _steps(request.document):
        given = [name for name in ("fault", "restore", "patch", "delete") if getattr(step, name) is not None]
        given += ["apply"] if step.apply else []
        if len(given) != 1:
            said = f"this has {' and '.join(given)}" if given else "this has none"
            yield Finding(path, f"a step does exactly one of fault, restore, apply, patch, delete: {said}")


@rule("Scenario", source=_OURS)
def fault_one_kind(request: Request) -> Iterator[Finding]:
    """A fault is exactly one of kill, hang, partition, link, api, certificates and clock."""
    for path, fault in _faults(request.document):
        given = [name for name in _KINDS if getattr(fault, name) is not None]
        if len(given) != 1:
            said = f"this has {' and '.join(given)}" if given else "this has none"
            yield Finding(path, f"a fault is exactly one of {', '.join(_KINDS)}: {said}")


@rule("Scenario", source=_OURS)
def fault_amount_given(request: Request) -> Iterator[Finding]:
    """A slow API server is ``slower`` by so much, a wrong clock ``by`` so much, and nothing else is."""
    for path, fault in _faults(request.document):
        for name, (field, kind, value) in _AMOUNTS.items():
            chosen = getattr(fault, kind)
            needed = chosen is not None and value in ("", chosen)
            if needed and getattr(fault, name) is None:
                yield Finding((*path, field), f"required field missing: {kind}: {chosen} needs {field}, such as 2s")
            elif not needed and getattr(fault, name) is not None:
                yield Finding(
                    (*path, field), f"{field} means nothing here", f"it belongs to {kind}: {value or 'ahead'}"
                )


@rule("Scenario", source=_OURS)
def fault_names_unique(request: Request) -> Iterator[Finding]:
    """A fault's name stands once, and is not ``all``."""
    seen: set[str] = set()
    for path, fault in _faults(request.document):
        if fault.name == EVERYTHING:
            yield Finding((*path, "name"), f'a fault cannot be named "{EVERYTHING}"', "restore: all ends every fault")
        elif fault.name and fault.name in seen:
            yield Finding((*path, "name"), f"a second fault is named {fault.name}", "restore refers to it by name")
        seen.add(fault.name)


@rule("Scenario", source=_OURS)
def fault_target_given(request: Request) -> Iterator[Finding]:
    """A fault says what breaks, with no field that means nothing to it."""
    for path, fault in _faults(request.document):
        kind, part = _subject(fault)
        places = _PLACES.get(part, ())
        for field in ("slice", "cluster", "peer", "pod", "node"):
            given = bool(getattr(fault, field))
            if field in places and not given:
                what = f"{kind}: {getattr(fault, kind)} needs {', '.join(places)}"
                yield Finding((*path, field), f"required field missing: {what}")
            elif given and field not in places:
                what = f"{kind}: {getattr(fault, kind)}" if kind else "a fault of the network"
                about_kill = ((*path, kind or "kill"),)
                yield Finding((*path, field), f"{field} means nothing to {what}", "leave it out", against=about_kill)
        if fault.instance is not None:
            if part not in ("gateway", "sidecar"):
                hint, about_kill = "only gateways have instances", ((*path, "kill"),)
                yield Finding((*path, "instance"), "instance means nothing here", hint, against=about_kill)
            elif not 0 <= fault.instance < _GATEWAYS_OF_A_PAIR:
                message = f"there is no gateway instance {fault.instance}"
                yield Finding((*path, "instance"), message, "0 or 1; without it both die")


@rule("Scenario", source=_OURS)
def fault_target_exists(request: Request) -> Iterator[Finding]:
    """What a fault names is in the world."""
    known = known_to(request)
    for path, fault in _faults(request.document):
        if fault.slice:
            yield from known.slice(fault.slice, (*path, "slice"))
        for field, name in (("cluster", fault.cluster), ("peer", fault.peer)):
            if name and fault.slice in known.slices:
                yield from known.member(fault.slice, name, (*path, field))
            elif name:
                yield from known.cluster(name, (*path, field), besides=_controller_too(fault))
        if fault.peer and fault.peer == fault.cluster:
            yield Finding((*path, "peer"), f"{fault.peer} has no tunnel to itself", "name the other cluster")
        if fault.pod:
            at = f"@{fault.cluster}" if fault.cluster in known.clusters else ""
            yield from known.source(fault.pod + at, (*path, "pod"))
        if fault.node:
            yield from known.node(fault.cluster, fault.node, (*path, "node"))
        yield from _ends(known, fault, path)


@rule("Scenario", source=_OURS)
def link_fault_changes_something(request: Request) -> Iterator[Finding]:
    """A link's fault changes its rtt, jitter, loss or bandwidth."""
    for path, fault in _faults(request.document):
        link = fault.link
        if link is not None and (link.rtt_s, link.jitter_s, link.loss, link.bandwidth_bps) == (None,) * 4:
            yield Finding((*path, "link"), "changes nothing", "give rtt, jitter, loss or bandwidth")


@rule("Scenario", source=_OURS)
def restore_names_a_fault(request: Request) -> Iterator[Finding]:
    """``restore`` names a fault that an earlier step made, or ``all``."""
    scenario: Scenario = request.document
    faults = {fault.name: scenario.spec.timeline[int(path[2])].at_s for path, fault in _faults(scenario) if fault.name}
    for path, step in _steps(scenario):
        name = step.restore
        if name is None or name == EVERYTHING:
            continue
        if name not in faults:
            hint = meant(name, (*faults, EVERYTHING))
            yield Finding((*path, "restore"), f"there is no fault {name}", hint)
        elif faults[name] > step.at_s:
            yield Finding((*path, "restore"), f"the fault {name} comes only later", "restore it after it happened")


@rule("Scenario", source=_OURS)
def warm_up_within_scenario(request: Request) -> Iterator[Finding]:
    """Something is left to count after the warm-up."""
    spec = request.document.spec
    if spec.warm_up_s is not None and spec.warm_up_s >= spec.duration_s:
        said = "lasts as long as the scenario", "nothing would be left to count"
        yield Finding(("spec", "warmUp"), *said, against=(("spec", "duration"),))


@rule("Scenario", source=_OURS, severity="warning")
def timeline_within_scenario(request: Request) -> Iterator[Finding]:
    """A step happens before the scenario ends."""
    for path, step in _steps(request.document):
        if step.at_s > request.document.spec.duration_s:
            yield Finding((*path, "at"), "is after the scenario's end: it never happens")


def _steps(scenario: Scenario) -> Iterator[tuple[FieldPath, TimelineStep]]:
    for index, step in enumerate(scenario.spec.timeline):
        yield ("spec", "timeline", index), step


def _faults(scenario: Scenario) -> Iterator[tuple[FieldPath, Fault]]:
    for path, step in _steps(scenario):
        if step.fault is not None:
            yield (*path, "fault"), step.fault


def _subject(fault: Fault) -> tuple[str, str]:
    """The field that says what breaks, and what that is; nothing for the network's."""
    if fault.kill is not None:
        return "kill", fault.kill
    if fault.hang is not None:
        return "hang", fault.hang
    kind = next((name for name in ("api", "certificates", "clock") if getattr(fault, name) is not None), "")
    return kind, kind


def _controller_too(fault: Fault) -> tuple[str, ...]:
    """The controller cluster's name, where the fault is one that can happen to it."""
    its_own = fault.partition is not None or _subject(fault)[1] in _OF_CONTROLLER
    return (_CONTROLLER,) if its_own else ()


def _ends(known: Known, fault: Fault, path: FieldPath) -> Iterator[Finding]:
    ends: list[tuple[FieldPath, tuple[str, ...]]] = []
    if fault.partition is not None:
        ends.append(((*path, "partition"), fault.partition))
    if fault.link is not None:
        ends.append(((*path, "link", "between"), fault.link.between))
    for at, pair in ends:
        for side, name in enumerate(pair):
            yield from known.cluster(name, (*at, side), besides=_controller_too(fault))
        if len(set(pair)) == 1:
            yield Finding(at, f"{pair[0]} has no link to itself", "name two clusters")
