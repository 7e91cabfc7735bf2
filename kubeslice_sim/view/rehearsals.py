"""What a controller cluster came to, request by request, for a frame, a notebook and machines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kubeslice_sim.controlplane.rehearsal import Moment, Rehearsal
from kubeslice_sim.errors import BadInput
from kubeslice_sim.manifest import dump_documents
from kubeslice_sim.model.frozen import thaw
from kubeslice_sim.observe.frames import TEXT, Schema, framed
from kubeslice_sim.view.data import plain
from kubeslice_sim.view.markup import el, table
from kubeslice_sim.view.notebook import block

if TYPE_CHECKING:
    import pandas as pd

REHEARSAL_SCHEMA: Schema = {
    "moment": TEXT, "action": TEXT, "kind": TEXT, "name": TEXT, "field": TEXT, "before": TEXT, "after": TEXT,
}  # fmt: skip


class _Row(NamedTuple):
    moment: str
    action: str
    kind: str
    name: str
    field: str = ""
    before: str = ""
    after: str = ""


def rehearsal_data(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """Moment by moment: the answers, what changed, the controller's events."""
    return [
        {
            "name": moment.name,
            "settled": moment.settled,
            "answers": [answer.row() for answer in moment.answers],
            "changes": [
                {
                    "action": item.action, "kind": item.key.kind, "namespace": item.key.namespace,
                    "name": item.key.name,
                    "fields": [{"field": path, "before": plain(a), "after": plain(b)} for path, a, b in item.fields],
                }
                for item in moment.differences
            ],
            "events": list(moment.events),
        }
        for moment in rehearsal.moments
    ]  # fmt: skip


def rehearsal_frame(rehearsal: Rehearsal) -> pd.DataFrame:
    """One row a field of a changed object, one a created or deleted object, one a refused request."""
    return framed(REHEARSAL_SCHEMA, _rows(rehearsal))


def rehearsal_html(rehearsal: Rehearsal) -> str:
    """The same for a notebook, without the world's own objects."""
    parts: list[Any] = []
    for moment in rehearsal.moments[1:]:
        rows = [(row.action, f"{row.kind} {row.name}".strip(), row.field, row.before, row.after)
                for row in _rows(Rehearsal(moments=(moment,)))]  # fmt: skip
        parts.append(el("div", el("strong", moment.name)))
        parts.append(table(("", "object", "field", "before", "after"), rows) if rows else el("div", "nothing changed"))
    return block(*parts)


def moment_yaml(moment: Moment) -> str:
    """Every object of the controller cluster at that moment, as YAML."""
    return dump_documents(thaw(item) for item in moment.objects)


def write_rehearsal(rehearsal: Rehearsal, directory: Path) -> tuple[Path, ...]:
    """Write every moment's objects into the folder, ``00-world.yaml`` first; the files sort in the moments' order.

    Raises :exc:`BadInput` when other YAML files are there already: nobody could tell which belong together.
    """
    digits = max(2, len(str(len(rehearsal.moments) - 1)))
    texts = {
        f"{number:0{digits}}-{moment.name}.yaml": moment_yaml(moment) for number, moment in enumerate(rehearsal.moments)
    }
    directory.mkdir(parents=True, exist_ok=True)
    others = sorted(path.name for path in directory.glob("*.yaml") if path.name not in texts)
    if others:
        raise BadInput(f"{directory} holds other YAML files ({', '.join(others[:3])}); choose an empty folder")
    for name, text in texts.items():
        (directory / name).write_text(text)
    return tuple(directory / name for name in texts)


def _rows(rehearsal: Rehearsal) -> Iterator[_Row]:
    for moment in rehearsal.moments:
        for answer in moment.refused:
            yield _Row(moment.name, "refused", "", answer.id, answer.field, "", answer.message)
        for item in moment.differences:
            if not item.fields:
                yield _Row(moment.name, item.action, item.key.kind, item.key.name)
            for path, before, after in item.fields:
                yield _Row(moment.name, item.action, item.key.kind, item.key.name, path, _text(before), _text(after))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
