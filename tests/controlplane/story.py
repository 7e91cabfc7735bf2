"""Stories: a world, commands, and what is seen after each, in one text file (``tests/golden/loops/*.txt``).

A line that begins with ``> `` is a command, ``#`` lines and empty ones are kept, every other line is what the command
before it showed. ``-- name --`` begins a file, up to the end or the next: ``world.yaml`` and documents to apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import yaml

from kubeslice_sim import manifest
from kubeslice_sim.controlplane.built_in import nsm_ip, running
from kubeslice_sim.controlplane.effects import ServeNames, SetNextHops, StartGateway
from kubeslice_sim.controlplane.refusal import Refused
from kubeslice_sim.controlplane.request import Apply, Remove, Request
from kubeslice_sim.controlplane.worker.router import router_runs
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.service_export import ServiceExport
from kubeslice_sim.model.service_import import ServiceImport
from kubeslice_sim.model.timing import KUBESLICE
from kubeslice_sim.model.worker_slice import Slice
from kubeslice_sim.model.worker_slice_config import WorkerSliceConfig
from tests.controlplane.hand import Hand
from tests.controlplane.loopback import SYSTEM


def retell(text: str) -> str:
    """The same story with what is seen now."""
    script, files = _split(text)
    story = _Story(files)
    told: list[str] = []
    for line in script.splitlines():
        if line.startswith("> "):
            told.extend([line, *story.do(*line[2:].split())])
        elif line.startswith("#") or not line.strip():
            told.append(line)
    return "\n".join(told).rstrip() + "\n" + "".join(f"-- {name} --\n{body}" for name, body in files.items())


class _Story:
    def __init__(self, files: dict[str, str]) -> None:
        self._files = files
        self._hand = Hand(manifest.load_text(files["world.yaml"], "world.yaml"), KUBESLICE)
        self._told_events = 0

    def do(self, verb: str, *words: str) -> list[str]:
        commands: dict[str, Callable[..., Iterable[str]]] = {
            "up": self._up, "run": self._run, "kill": self._kill, "restore": self._restore, "apply": self._apply,
            "delete": self._delete, "slices": self._slices, "members": self._members, "gateways": self._gateways,
            "exports": self._exports, "imports": self._imports, "dns": self._dns, "events": self._events,
            "waiting": self._waiting, "objects": self._objects, "pods": self._pods,
        }  # fmt: skip
        return list(commands[verb](*words))

    def _up(self) -> Iterable[str]:
        yield f"everything is up at {self._hand.until_up(900):.1f} s"

    def _run(self, duration: str) -> Iterable[str]:
        self._hand.run_for(float(duration.removesuffix("s")))
        yield f"now {self._hand.now_s:.1f} s"

    def _kill(self, cluster: str, pod: str) -> Iterable[str]:
        self._hand.plane.kill(cluster, SYSTEM, pod)
        return ()

    def _restore(self, cluster: str, pod: str) -> Iterable[str]:
        self._hand.plane.restore(cluster, SYSTEM, pod)
        return ()

    def _apply(self, name: str) -> Iterable[str]:
        for document in yaml.safe_load_all(self._files[name]):
            yield from self._submit(Apply(document=manifest.decode(document)))

    def _delete(self, kind: str, where: str, *clusters: str) -> Iterable[str]:
        namespace, _, name = where.rpartition("/")
        key = ObjectKey(kind, namespace, name)
        yield from self._submit(Remove(key=key, clusters=clusters or ("*",)))

    def _submit(self, request: Request) -> Iterable[str]:
        try:
            self._hand.fleet.submit(request, self._hand.now_s)
        except Refused as refusal:
            yield f"refused: {refusal}"

    def _slices(self) -> Iterable[str]:
        """Each worker's Slice: what its operator made of it."""
        return _table("CLUSTER SLICE SUBNET NAMESPACES ROUTER PODS", (
            (
                name, item.metadata.name, _subnet(item), _list(item.status.application_namespaces),
                _yes(router_runs(item.metadata.name, site.view)),
                _list(f"{pod.pod_name}={pod.nsm_ip}" for pod in item.status.app_pods),
            )
            for name, site in self._hand.fleet.workers.items() for item in site.store.view.list(Slice)
        ))  # fmt: skip

    def _members(self) -> Iterable[str]:
        """The hub's WorkerSliceConfigs, with the health that the workers report."""
        return _table("NAME OCTET SUBNET HEALTH LEAVING", (
            (
                item.metadata.name, str(item.spec.octet), item.spec.cluster_subnet_cidr,
                (item.status.slice_health.slice_health_status if item.status.slice_health else None) or "-",
                _yes(item.metadata.deletion_timestamp is not None),
            )
            for item in self._hand.fleet.hub.store.view.list(WorkerSliceConfig)
        ))  # fmt: skip

    def _gateways(self) -> Iterable[str]:
        return _table("POD ROLE RUNS NSM-IP PORT TUNNEL NEXT-HOP", (
            self._gateway(cluster, pod)
            for cluster, site in self._hand.fleet.workers.items()
            for pod in site.store.view.objects("Pod", SYSTEM, {"kubeslice.io/pod-type": "slicegateway"})
        ))  # fmt: skip

    def _gateway(self, cluster: str, pod: KubernetesObject) -> tuple[str, ...]:
        fleet, name = self._hand.fleet, pod.metadata.name
        start = fleet.ledger.newest("pod", cluster, SYSTEM, name)
        tunnel = fleet.workers[cluster].sidecars.get(name)
        if not isinstance(start, StartGateway):
            return (name, "-", _yes(running(pod)), nsm_ip(pod) or "-", "-", "-", "-")
        hops = fleet.ledger.newest("route", cluster, start.slice, start.remote_cidr)
        used = isinstance(hops, SetNextHops) and start.nsm_ip in hops.via
        state = tunnel.state if tunnel is not None else "-"
        return (name, start.host_type, _yes(running(pod)), nsm_ip(pod), str(start.node_port), state, _yes(used))

    def _pods(self, namespace: str) -> Iterable[str]:
        """The application pods of a namespace, on every cluster; MADE: when."""
        return _table("CLUSTER POD MADE RUNS SLICE NSM-IP", (
            (
                cluster, pod.metadata.name, str(pod.metadata.creation_timestamp)[-9:-1], _yes(running(pod)),
                pod.metadata.labels.get("kubeslice.io/slice") or "-", nsm_ip(pod) or "-",
            )
            for cluster, site in self._hand.fleet.workers.items()
            for pod in site.store.view.objects("Pod", namespace)
        ))  # fmt: skip

    def _exports(self) -> Iterable[str]:
        return _table("CLUSTER EXPORT STATUS PORTS PODS", (
            (
                name, f"{item.metadata.namespace}/{item.metadata.name}", item.status.export_status or "-",
                item.status.exposed_ports or "-", _list(f"{pod.name}={pod.nsm_ip}" for pod in item.status.pods),
            )
            for name, site in self._hand.fleet.workers.items() for item in site.store.view.list(ServiceExport)
        ))  # fmt: skip

    def _imports(self) -> Iterable[str]:
        return _table("CLUSTER IMPORT STATUS ENDPOINTS", (
            (
                name, f"{item.metadata.namespace}/{item.metadata.name}", item.status.import_status or "-",
                _list(f"{point.name}@{point.cluster_id}" for point in item.status.endpoints),
            )
            for name, site in self._hand.fleet.workers.items() for item in site.store.view.list(ServiceImport)
        ))  # fmt: skip

    def _dns(self, cluster: str) -> Iterable[str]:
        served = self._hand.fleet.ledger.newest("names", cluster)
        records = served.records if isinstance(served, ServeNames) else {}
        return _table("NAME ADDRESSES", ((name, _list(map(str, found))) for name, found in sorted(records.items())))

    def _events(self, *names: str) -> Iterable[str]:
        """What happened since the last look (only events whose names begin so)."""
        new = self._hand.fleet.events[self._told_events :]
        self._told_events += len(new)
        return _table("AT CLUSTER EVENT SUBJECT", (
            (f"{item.at_s:.2f}", item.cluster, item.name, item.subject)
            for item in new if not names or item.name.startswith(names)
        ))  # fmt: skip

    def _waiting(self) -> Iterable[str]:
        items = self._hand.fleet.readiness().waiting
        return [f"{item.kind} {item.name}: {item.reason}" for item in items] or ["nothing"]

    def _objects(self, *kinds: str) -> Iterable[str]:
        """How many objects of these kinds each cluster holds."""
        sites = (self._hand.fleet.hub, *self._hand.fleet.workers.values())
        return _table(" ".join(("CLUSTER", *kinds)), (
            (site.name, *(str(len(site.store.view.keys(kind))) for kind in kinds)) for site in sites
        ))  # fmt: skip


def _subnet(item: Slice) -> str:
    return item.status.slice_config.cluster_subnet_cidr if item.status.slice_config else "-"


def _split(text: str) -> tuple[str, dict[str, str]]:
    script: list[str] = []
    files: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("-- ") and line.rstrip().endswith(" --"):
            name = line.strip().strip("- ")
            files[name] = ""
        elif name:
            files[name] += line
        else:
            script.append(line)
    return "".join(script), files


def _table(head: str, rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [tuple(head.split()), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _list(items: Iterable[str]) -> str:
    return ",".join(items) or "-"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
