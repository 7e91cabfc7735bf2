"""nftables as JSON: expressions from pure functions, a whole table replaced in one transaction by `nft -j -f -`.

The shapes are those of libnftables-json(5). A table is always sent as a whole, so the kernel never holds half of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from typing import Any

from emulator.netns import Namespace
from kubeslice_sim.errors import BackendUnavailable

Json = dict[str, Any]

ACCEPT: Json = {"accept": None}
DROP: Json = {"drop": None}
MASQUERADE: Json = {"masquerade": None}
COUNTER: Json = {"counter": {"packets": 0, "bytes": 0}}


class FirewallError(BackendUnavailable):
    """nft refused a table; the message has its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: its expressions in order. The `comment` says why it is there, and names its counter."""

    expressions: tuple[Json, ...]
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A base chain: which hook it hangs on, at which priority, with its rules. What no rule decides is accepted."""

    name: str
    kind: str
    hook: str
    priority: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of family `ip` with all that is in it."""

    name: str
    chains: tuple[Chain, ...]

    def replacement(self) -> Json:
        """The commands that put this table in the place of any older one of its name, in one transaction."""
        place = {"family": "ip", "name": self.name}
        commands: list[Json] = [{"add": {"table": place}}, {"delete": {"table": place}}, {"add": {"table": place}}]
        for chain in self.chains:
            base = {"type": chain.kind, "hook": chain.hook, "prio": chain.priority, "policy": "accept"}
            commands.append({"add": {"chain": {"family": "ip", "table": self.name, "name": chain.name, **base}}})
            commands += [
                {
                    "add": {
                        "rule": {
                            "family": "ip",
                            "table": self.name,
                            "chain": chain.name,
                            "expr": list(rule.expressions),
                            "comment": rule.comment,
                        }
                    }
                }
                for rule in chain.rules
            ]
        return {"nftables": commands}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCounter:
    """How much a counted rule has matched since its table was put in place."""

    comment: str
    packets: int
    bytes: int


def field(protocol: str, name: str, right: object, *, op: str = "==") -> Json:
    """A match on a header field: `field("ip", "saddr", …)`, `field("udp", "dport", 53)`."""
    return {"match": {"op": op, "left": {"payload": {"protocol": protocol, "field": name}}, "right": right}}


def meta(key: str, right: object) -> Json:
    """A match on what the kernel knows about a packet: `meta("oifname", "eth0")`."""
    return {"match": {"op": "==", "left": {"meta": {"key": key}}, "right": right}}


def established() -> Json:
    """A match on packets of connections that were let through before, and on errors about them."""
    return {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established", "related"]}}


def translated() -> Json:
    """A match on packets whose destination was translated here (DNAT), as those to a node port are."""
    return {"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}


def addresses(networks: Iterable[IPv4Network | IPv4Address]) -> object:
    """The right side of a match on any of `networks`, merged and sorted: nft refuses sets whose members overlap."""
    merged = sorted(collapse_addresses(IPv4Network(network) for network in networks))
    members = [
        str(one.network_address)
        if one.prefixlen == 32
        else {"prefix": {"addr": str(one.network_address), "len": one.prefixlen}}
        for one in merged
    ]
    return members[0] if len(members) == 1 else {"set": members}


def apply(namespace: Namespace, *tables: Table) -> None:
    """Puts `tables` in place inside the namespace, all or none. Raises FirewallError with nft's reason."""
    commands = [command for table in tables for command in table.replacement()["nftables"]]
    _nft(namespace, {"nftables": commands})


def remove(namespace: Namespace, *names: str) -> None:
    """Deletes the named tables, all or none; one that is not there is fine."""
    places = [{"family": "ip", "name": name} for name in names]
    _nft(namespace, {"nftables": [{verb: {"table": place}} for place in places for verb in ("add", "delete")]})


def counters(namespace: Namespace, table: str) -> tuple[RuleCounter, ...]:
    """What the counted rules of a table have matched, in the table's order. Raises FirewallError without the table."""
    done = namespace.run(["nft", "-j", "list", "table", "ip", table], timeout_s=20)
    if done.returncode != 0:
        raise FirewallError(f"{namespace.name}: nft shows no table {table}: {done.stderr.decode().strip()}")
    rules = [entry["rule"] for entry in json.loads(done.stdout)["nftables"] if "rule" in entry]
    return tuple(
        RuleCounter(comment=rule.get("comment", ""), packets=one["counter"]["packets"], bytes=one["counter"]["bytes"])
        for rule in rules
        for one in rule["expr"]
        if "counter" in one
    )


def rule(comment: str, *expressions: Json) -> Rule:
    """A rule, written in the order it is read."""
    return Rule(expressions=expressions, comment=comment)


def chain(name: str, kind: str, hook: str, priority: int, rules: Sequence[Rule]) -> Chain:
    """A base chain; `kind` is `filter` or `nat`."""
    return Chain(name=name, kind=kind, hook=hook, priority=priority, rules=tuple(rules))


def _nft(namespace: Namespace, commands: Json) -> None:
    try:
        done = namespace.run(["nft", "-j", "-f", "-"], timeout_s=20, stdin=json.dumps(commands).encode())
    except FileNotFoundError as error:
        raise FirewallError("nft is not installed: apt install nftables") from error
    if done.returncode != 0:
        raise FirewallError(f"{namespace.name}: nft refused: {done.stderr.decode(errors='replace').strip()}")
