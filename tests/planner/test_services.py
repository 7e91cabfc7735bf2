"""Exports, DNS, policies: what pods can find and who may talk on the CNI."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap, freeze
from kubeslice_sim.model.kubernetes import KubernetesObject
from kubeslice_sim.model.slice_config import NamespaceIsolationProfile, NamespaceSelection, SliceConfig
from kubeslice_sim.planner import Plan, plan
from kubeslice_sim.planner.qos import DSCP, class_ids, dscp_mark
from tests.planner import worlds

CLUSTERS = ["a", "b", "c"]
NAME = "web.app.svc.slice.local"


def shop(**more: Any) -> Plan:
    return plan(
        worlds.world(
            CLUSTERS,
            more.get("slices", [worlds.slice_config("red", CLUSTERS)]),
            more.get("objects", [worlds.deployment("web", ["a", "c"], replicas=2)]),
            more.get("exports", [worlds.export("web", ["c", "a"], slice_="red")]),
        )
    )


def test_every_member_resolves_the_union_of_all_exports_its_own_too() -> None:
    found = shop()
    tables = [cluster.dns for cluster in found.clusters]
    assert tables[0] == tables[1] == tables[2]
    assert [str(ip) for ip in tables[0][NAME]] == ["10.1.0.1", "10.1.0.2", "10.1.32.1", "10.1.32.2"]
    assert [str(ip) for ip in tables[1]["web-1.c.web.app.svc.slice.local"]] == ["10.1.32.2"]


def test_ports_and_aliases_come_from_the_first_export_by_cluster_name() -> None:
    first = worlds.export("web", ["c"], slice_="red", aliases=["from.c"])
    second = worlds.export("web", ["a"], slice_="red", aliases=["from.a"])
    (service,) = shop(exports=[first, second]).slice("red").services
    assert (service.source_clusters, service.aliases) == (("a", "c"), ("from.a",))
    assert [(endpoint.cluster, endpoint.port) for endpoint in service.endpoints] == [
        ("a", 8080), ("a", 8080), ("c", 8080), ("c", 8080),
    ]  # fmt: skip


def test_an_alias_answers_like_the_service() -> None:
    found = shop(exports=[worlds.export("web", ["a"], slice_="red", aliases=["web.example.com"])])
    assert found.cluster("b").dns["web.example.com"] == found.cluster("b").dns[NAME]


def test_an_export_outside_the_slices_namespaces_stays_pending() -> None:
    found = shop(exports=[worlds.export("web", ["a"], slice_="red", namespace="elsewhere")])
    assert found.slice("red").services == ()
    assert [(item.id, item.subject) for item in found.warnings] == [("export-pending", "elsewhere/web@a")]


def test_an_export_that_selects_nobody_is_imported_and_answers_nothing() -> None:
    found = shop(exports=[worlds.export("ghost", ["a"], slice_="red")])
    (service,) = found.slice("red").services
    assert service.endpoints == ()
    assert found.cluster("a").dns == {}


def test_two_slices_with_one_service_name_share_an_import_and_the_later_wins() -> None:
    def only(name: str, subnet: str, home: str) -> SliceConfig:
        config = worlds.slice_config(name, CLUSTERS, subnet=subnet)
        profile = NamespaceIsolationProfile(
            application_namespaces=(NamespaceSelection(namespace="app", clusters=(home,)),)
        )
        return replace(config, spec=replace(config.spec, namespace_isolation_profile=profile))

    found = shop(
        slices=[only("red", "10.1.0.0/16", "a"), only("blue", "10.2.0.0/16", "c")],
        exports=[worlds.export("web", ["a"], slice_="red"), worlds.export("web", ["c"], slice_="blue")],
    )
    assert {str(ip).split(".")[1] for ip in found.cluster("b").dns[NAME]} == {"2"}
    assert "service-in-two-slices" in {item.id for item in found.warnings}


def test_services_of_a_cluster_answer_with_their_pods() -> None:
    def service(name: str, **spec: Any) -> KubernetesObject:
        metadata = ObjectMeta(name=name, namespace="app", annotations=worlds.on("a"))
        return KubernetesObject(api_version="v1", kind="Service", metadata=metadata, body=freeze({"spec": spec}))

    found = shop(
        objects=[
            worlds.deployment("web", ["a", "b"], replicas=2),
            service("web", selector={"app": "web"}),
            service("each", selector={"app": "web"}, clusterIP="None"),
            service("none", selector={"app": "nobody"}),
            service("external", type="ExternalName", externalName="example.org"),
        ]
    )
    table = {name: [str(ip) for ip in ips] for name, ips in found.cluster("a").cluster_dns.items()}
    both = ["192.168.0.2", "192.168.0.3"]
    assert table == {
        "web.app.svc.cluster.local": both,
        "each.app.svc.cluster.local": both,
        "web-0.each.app.svc.cluster.local": both[:1],
        "web-1.each.app.svc.cluster.local": both[1:],
    }
    assert found.cluster("b").cluster_dns == {}


def test_isolation_closes_each_application_namespace_of_each_cluster() -> None:
    config = worlds.slice_config("red", CLUSTERS)
    profile = NamespaceIsolationProfile(
        isolation_enabled=True,
        application_namespaces=(
            NamespaceSelection(namespace="app", clusters=("*",)),
            NamespaceSelection(namespace="db", clusters=("b",)),
        ),
        allowed_namespaces=(NamespaceSelection(namespace="metrics", clusters=("c",)),),
    )
    found = shop(slices=[replace(config, spec=replace(config.spec, namespace_isolation_profile=profile))])
    system = ("kubeslice-system", "kube-system", "istio-system")
    assert [(p.cluster, p.name, p.allowed_namespaces) for p in found.slice("red").policies] == [
        ("a", "red-app", ("app", *system)),
        ("b", "red-app", ("app", "db", *system)),
        ("b", "red-db", ("app", "db", *system)),
        ("c", "red-app", ("app", "metrics", *system)),
    ]


def test_traffic_classes_are_numbered_as_netops_numbers_them() -> None:
    assert [class_ids(k) for k in (1, 2, 100)] == [("17:11", "17:12"), ("17:22", "17:23"), ("17:1100", "17:1101")]
    assert {name for name in DSCP if dscp_mark(name) is None} == {"AF13", "Default"}
    assert (dscp_mark("AF11"), dscp_mark("AF43"), dscp_mark("EF")) == (10, 38, 46)


def test_a_pod_that_is_excluded_or_elsewhere_joins_nothing() -> None:
    outside = worlds.deployment("other", ["a"], namespace="elsewhere")
    excluded = KubernetesObject(
        api_version="v1",
        kind="Pod",
        metadata=ObjectMeta(
            name="shy", namespace="app", labels=FrozenMap({"kubeslice.io/exclude": "true"}), annotations=worlds.on("a")
        ),
    )
    found = shop(objects=[outside, excluded, worlds.deployment("web", ["a"])])
    assert {pod.name: pod.slice for pod in found.pods} == {"other-0": None, "shy": None, "web-0": "red"}
