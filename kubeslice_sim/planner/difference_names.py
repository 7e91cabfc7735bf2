"""What changes for names: which appear, which vanish, which lead elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from kubeslice_sim.planner.change import Change, ChangeKind, counted, listed
from kubeslice_sim.planner.dns import service_records
from kubeslice_sim.planner.plan import Plan, ServicePlan, SlicePlan

Records = dict[str, tuple[IPv4Address, ...]]


def name_changes(before: Plan, after: Plan) -> Iterator[Change]:
    """Slice by slice, the names that its services give; all clusters of a slice know the same ones."""
    old = {item.name: item for item in before.slices}
    new = {item.name: item for item in after.slices}
    for slice_ in dict.fromkeys((*old, *new)):
        was, now = _records(old.get(slice_)), _records(new.get(slice_))
        for name in dict.fromkeys((*was, *now)):
            gone, come = was.get(name, ()), now.get(name, ())
            if set(gone) == set(come):
                continue
            kind: ChangeKind = "name changes" if gone and come else "name appears" if come else "name vanishes"
            yield Change(kind=kind, slice=slice_, cluster="", subject=name, before=", ".join(map(str, gone)),
                         after=", ".join(map(str, come)), sentence=_sentence(name, gone, come))  # fmt: skip
        if slice_ in old and slice_ in new:
            yield from port_changes(old[slice_], new[slice_])


def port_changes(old: SlicePlan, new: SlicePlan) -> Iterator[Change]:
    """The services of one slice whose ports are announced otherwise; names keep leading where they led."""
    was = {(service.namespace, service.name): service for service in old.services}
    for service in new.services:
        past = was.get((service.namespace, service.name))
        if past is not None and past.ports != service.ports:
            before, after = _ports(past), _ports(service)
            yield Change(kind="ports change", slice=new.name, cluster="", subject=service.dns_name, before=before,
                         after=after, sentence=f"{service.dns_name} announces {after} (was {before})")  # fmt: skip


def _ports(service: ServicePlan) -> str:
    return ", ".join(f"{port.port}/{port.protocol} {port.name}".rstrip() for port in service.ports) or "no port"


def _sentence(name: str, gone: tuple[IPv4Address, ...], come: tuple[IPv4Address, ...]) -> str:
    if not come:
        return f"{name} resolves no longer"
    if not gone:
        return f"{name} resolves to {listed(map(str, come))}"
    lost, won = [ip for ip in gone if ip not in come], [ip for ip in come if ip not in gone]
    parts = [f"gains {listed(map(str, won))}"] if won else []
    parts += [f"loses {listed(map(str, lost))}"] if lost else []
    return f"{name} {' and '.join(parts)}: {counted(len(come), 'address')} now"


def _records(item: SlicePlan | None) -> Records:
    found: Records = {}
    for service in item.services if item is not None else ():
        found.update(service_records(service))
    return found
