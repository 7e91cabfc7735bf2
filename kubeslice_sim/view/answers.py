"""What ``ksim verify`` and ``ksim doctor`` show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from rich.console import Group
from rich.text import Text

from kubeslice_sim.observe.run import Capability
from kubeslice_sim.observe.units import say
from kubeslice_sim.verify.answer import Answer
from kubeslice_sim.view.data import plain
from kubeslice_sim.view.tables import new_table, titled

_LEVELS = {"ok": ("✓", "green"), "substitute": ("~", "yellow"), "missing": ("✗", "bold red")}


class Examined(Protocol):
    """What the doctor found out about one back end."""

    @property
    def backend(self) -> str:
        """Its name."""
        ...

    @property
    def reason(self) -> str:
        """Why it cannot run here, or the empty text."""
        ...

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What this machine offers to it."""
        ...


def answer_data(answer: Answer) -> dict[str, Any]:
    """The answer with its way and its evidence."""
    data: dict[str, Any] = plain(answer)
    return {**data, "delay_s": answer.delay_s, "mtu_bytes": answer.mtu_bytes}


def answer_table(answer: Answer) -> Group:
    """The answer in a sentence, the way hop by hop, and what it rests on."""
    mark, style = ("✓", "green") if answer.allowed else ("✗", "bold red")
    verb = "reaches" if answer.allowed else "does not reach"
    table = new_table("", "device", "cluster", "leaves by", "address", "MTU", "delay", "or")
    for number, hop in enumerate(answer.hops, 1):
        cells = (str(number), f"{hop.kind} {hop.device}", hop.cluster, hop.interface or "–", hop.address or "–",
                 str(hop.mtu_bytes or "–"), say("rtt_s", hop.delay_s) if hop.delay_s else "–",
                 ", ".join(hop.alternatives))  # fmt: skip
        table.add_row(*map(Text, cells))
    total = Text()
    if answer.hops and answer.allowed:
        total.append(f"one way {say('rtt_s', answer.delay_s)}, MTU {answer.mtu_bytes or '–'} B\n", style="dim")
    for item in answer.evidence:
        total.append(f"· {item}\n")
    sentence = Text(f"{mark} ", style=style).append(f"{answer.source} {verb} {answer.target}: ", style="bold default")
    sentence.append(answer.reason, style="not bold default")
    return Group(sentence, *((titled("", table, total),) if answer.hops else (total,)))


def doctor_data(findings: Sequence[Examined]) -> list[dict[str, Any]]:
    """One entry a back end."""
    return [
        {"backend": item.backend, "available": not item.reason, "reason": item.reason,
         "capabilities": plain(item.capabilities)}
        for item in findings
    ]  # fmt: skip


def doctor_table(findings: Sequence[Examined]) -> Group:
    """A table a back end: what this machine offers, what is substituted, what is missing and what to do."""
    groups: list[Group] = []
    for item in findings:
        table = new_table("", "capability", "")
        for capability in item.capabilities:
            mark, style = _LEVELS[capability.level]
            table.add_row(Text(mark, style=style), Text(capability.name), Text(capability.note))
        head = f"{item.backend}: {'ready' if not item.reason else f'not available: {item.reason}'}"
        groups.append(titled(head, table))
    return Group(*groups)
