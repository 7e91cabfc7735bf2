"""Worlds of any size, and a run on one of them, for looking at."""

from __future__ import annotations

from kubeslice_sim import manifest
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.scenario import Expectation, Fault, Outage, Reach, TimelineStep, Traffic
from kubeslice_sim.model.world import World
from kubeslice_sim.observe.run import Event, Run
from kubeslice_sim.planner import plan
from kubeslice_sim.planner.plan import Plan
from tests.observe.rows import CLIENT, PING, SERVER, attempts, rates, row, run, scenario

PROJECT = """apiVersion: controller.kubeslice.io/v1alpha1
kind: Project
metadata: {name: demo, namespace: kubeslice-controller}"""
CLUSTER = """apiVersion: controller.kubeslice.io/v1alpha1
kind: Cluster
metadata: {{name: {name}, namespace: kubeslice-demo}}
spec: {{clusterProperty: {{geoLocation: {{cloudProvider: AWS, cloudRegion: {region}, latitude: "{latitude}",
  longitude: "{longitude}"}}}}}}"""
SLICE = """apiVersion: controller.kubeslice.io/v1alpha1
kind: SliceConfig
metadata: {{name: {name}, namespace: kubeslice-demo}}
spec:
  sliceSubnet: 10.{number}.0.0/16
  maxClusters: 16
  sliceType: Application
  sliceIpamType: Local
  sliceGatewayProvider: {{sliceGatewayType: Wireguard, sliceCaType: Local}}
  clusters: [{clusters}]
  qosProfileDetails: {{queueType: HTB, priority: 1, tcType: BANDWIDTH_CONTROL, bandwidthCeilingKbps: 20000,
    bandwidthGuaranteedKbps: 10000, dscpClass: EF}}
  namespaceIsolationProfile: {{applicationNamespaces: [{{namespace: shop-{name}, clusters: ["*"]}}]}}"""
POD = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}, annotations: {{kubeslice-sim.io/clusters: {cluster}}}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: c, image: busybox}}]}}}}"""
EXPORT = """apiVersion: networking.kubeslice.io/v1beta1
kind: ServiceExport
metadata: {{name: cart, namespace: shop-{name}, annotations: {{kubeslice-sim.io/clusters: {cluster}}}}}
spec:
  slice: {name}
  selector: {{matchLabels: {{app: cart}}}}
  ports: [{{name: tcp, containerPort: 80, protocol: TCP}}]"""
UNDERLAY = """apiVersion: kubeslice-sim.io/v1alpha1
kind: Underlay
metadata: {{name: wan}}
spec: {{links: [{links}]}}"""
# Round the world, not in the order of the file.
PLACES = (("us-east-1", 39, -77), ("ap-south-1", 19, 73), ("eu-west-1", 53, -6), ("sa-east-1", -23, -46))


def world(clusters: int, slices: tuple[str, ...] = ("red",)) -> World:
    """So many clusters, all in each slice, with pods and an export a slice."""
    names = [f"worker-{number + 1}" for number in range(clusters)]
    parts = [PROJECT]
    for index, name in enumerate(names):
        region, latitude, longitude = PLACES[index % len(PLACES)]
        parts.append(CLUSTER.format(name=name, region=region, latitude=latitude, longitude=longitude + index // 4))
    for number, name in enumerate(slices, 1):
        last = names[-1]
        parts.append(SLICE.format(name=name, number=number, clusters=", ".join(names)))
        parts.append(POD.format(name="front", namespace=f"shop-{name}", cluster=names[0], replicas=2))
        parts.append(POD.format(name="cart", namespace=f"shop-{name}", cluster=last, replicas=3))
        parts.append(EXPORT.format(name=name, cluster=last))
    parts.append(POD.format(name="intruder", namespace="other", cluster=names[0], replicas=1))
    links = [
        f"{{between: [{one}, {other}], rtt: {10 + 7 * index}ms, bandwidth: 100Mbit, loss: 1%}}"
        for index, (one, other) in enumerate((a, b) for i, a in enumerate(names) for b in names[i + 1 :])
    ]
    parts.append(UNDERLAY.format(links=", ".join(links)))
    return manifest.load_text("\n---\n".join(parts))


def planned(clusters: int, slices: tuple[str, ...] = ("red",)) -> Plan:
    """The plan of such a world."""
    return plan(world(clusters, slices))


def eventful_run(note: str = "") -> Run:
    """A run with a fault, an outage, a forbidden pair, and every outcome; ``note`` stands wherever text can."""
    step = TimelineStep(at_s=20.0, fault=Fault(name="lost-gateway", kill="gateway", slice="red", cluster="worker-1"))
    bulk = Traffic(name="bulk", kind="tcp", from_=CLIENT, to=f"{SERVER}:5201")
    of = scenario(
        Expectation(name=f"reachable{note}", reach=Reach(from_=CLIENT, to=SERVER), by_s=5.0),
        Expectation(name="isolated", no_reach=Reach(from_="other/intruder@worker-1", to=SERVER)),
        Expectation(name="shaped", metric="rate_bps", traffic="bulk", window=(5.0, 20.0), at_most="10Mbit"),
        Expectation(name="fails over", outage=Outage(traffic="ping", after_s=20.0), at_most="10s"),
        Expectation(name="unasked", reach=Reach(from_="a/b@c", to="d")),
        traffic=(PING, bulk),
    )
    of = type(of)(metadata=of.metadata, spec=type(of.spec)(
        duration_s=60.0, traffic=of.spec.traffic, expect=of.spec.expect, timeline=(step,)))  # fmt: skip
    rows = (
        *attempts(set(range(20, 27)), 60),
        *(row("rtt_s", float(at), 0.062, seq=at) for at in range(60) if not 20 <= at < 27),
        *rates([20e6] * 20 + [0.0] * 8 + [20e6] * 32),
        row("reachable", 0.5, probe=f"expect/reachable{note}", detail=note),
        *(row("reachable", at, 0.0, "timeout", probe="expect/isolated", src="other/intruder", detail=note)
          for at in (0.0, 20.0, 40.0)),
        row("fault", 20.0, 1.0, probe="lost-gateway", detail=f"killed{note}"),
        row("fault", 40.0, 0.0, probe="lost-gateway"),
    )  # fmt: skip
    return run(
        rows, of, seed=7, world=World(name=f"by hand{note}", scenarios=(of,)),
        events=(Event(at_s=0.1, name=f"SliceCreated{note}", cluster="worker-1", subject="red", message=note),),
        environment=FrozenMap({"kernel": f"6.1{note}"}), notices=(f"netem is missing{note}",),
    )  # fmt: skip
