"""Which rows speak of an expectation or of a traffic: by the probe's name, else by who asked whom."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from kubeslice_sim.model.scenario import Traffic
from kubeslice_sim.observe.observation import Observation

SILENT = frozenset({"failed_to_probe", "unsupported"})
"""Outcomes that say nothing about the network."""

_POD_SUFFIX = re.compile(r"-(?:[0-9]+|[a-f0-9]{6,10}-[a-z0-9]{5})")
"""What follows a workload's name in a pod's: our ordinal (a StatefulSet's, too), or a Deployment's two hashes."""
_OWNED = re.compile(r"[/#@ :\[]")


def rows_of(observations: Iterable[Observation], owner: str, from_: str, to: str) -> tuple[Observation, ...]:
    """The rows of the probes named after ``owner``; where there are none, those from ``from_`` to ``to``, in order."""
    rows = tuple(observations)
    named = tuple(row for row in rows if belongs(row.probe, owner))
    return in_time(named or (row for row in rows if comes_from(row, from_) and goes_to(row, to)))


def rows_of_traffic(observations: Iterable[Observation], traffic: Traffic) -> tuple[Observation, ...]:
    """The rows of a traffic's probes, in order."""
    return rows_of(observations, traffic.name, traffic.from_, traffic.to)


def belongs(probe: str, owner: str) -> bool:
    """Whether a probe is named after this traffic or expectation (alone, or with a pod after a separator)."""
    return probe == owner or (probe.startswith(owner) and bool(_OWNED.match(probe, len(owner))))


def comes_from(row: Observation, reference: str) -> bool:
    """Whether the row's source is a pod of ``namespace/workload[@cluster]``."""
    name, _, cluster = reference.partition("@")
    return _is_pod_of(row.src, name) and (not cluster or cluster == row.src_cluster)


def goes_to(row: Observation, target: str) -> bool:
    """Whether the row's destination is ``target``: a name or address, or a pod of a workload, with the same port."""
    host, port = split_port(target)
    name, _, cluster = host.partition("@")
    row_host, row_port = split_port(row.dst)
    if port != row_port or (cluster and row.dst_cluster and cluster != row.dst_cluster):
        return False
    return _is_pod_of(row_host, name) if "/" in name else row_host == name


def split_port(target: str) -> tuple[str, str]:
    """``name:port`` → (name, port); the port is empty where there is none."""
    host, colon, port = target.rpartition(":")
    return (host, port) if colon and port.isdigit() else (target, "")


def by_pod(rows: Iterable[Observation]) -> dict[tuple[str, str], list[Observation]]:
    """The rows by (cluster, source pod), the pods in order of name."""
    groups: dict[tuple[str, str], list[Observation]] = {}
    for row in rows:
        groups.setdefault((row.src_cluster, row.src), []).append(row)
    return dict(sorted(groups.items()))


def who(row: Observation) -> str:
    """The row's source, as a scenario names it."""
    return f"{row.src}@{row.src_cluster}" if row.src_cluster else row.src or "a probe"


def in_time(rows: Iterable[Observation]) -> tuple[Observation, ...]:
    """The rows whose time is a number, by time (rows of the same time keep their order)."""
    return tuple(sorted((row for row in rows if math.isfinite(row.at_s)), key=lambda row: row.at_s))


def spacing_s(times: Sequence[float], otherwise_s: float) -> float:
    """The median distance of neighbouring moments: the interval at which a probe really reported."""
    gaps = sorted(later - earlier for earlier, later in pairwise(times) if later > earlier)
    return gaps[len(gaps) // 2] if gaps else otherwise_s


def _is_pod_of(pod: str, workload: str) -> bool:
    return pod == workload or (pod.startswith(workload) and bool(_POD_SUFFIX.fullmatch(pod, len(workload))))
