"""What the real API server and KubeSlice's webhooks said to creates, and what we say: verdict and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kubeslice_sim import manifest
from kubeslice_sim.admission import DocumentState, Request, judge
from kubeslice_sim.errors import BadInput

STRICTER_IN_FILES = {
    "slice-unknown-field": "the API server drops unknown fields; a file that has one is refused",
    "gwsvc-no-cluster": "refused by both, by us as a missing required field",
    "qos-inline-no-priority": "the mutating webhook writes the zero that is missing",
    "qos-inline-no-bandwidthGuaranteedKbps": "the mutating webhook writes the zero that is missing",
    "sq-no-priority": "the mutating webhook writes the zero that is missing",
    "sq-no-bandwidthCeilingKbps": "refused by both, by us as a missing required field",
    "se-noname": "the mutating webhook writes the empty text that is missing",
}
"""Where a world's file must say more than KubeSlice asks: the file is read by people."""


def verdict(request: dict[str, Any], state: DocumentState) -> tuple[bool, list[str]]:
    """Whether we accept, and which fields we name (in the webhook's words, the first one)."""
    try:
        document = manifest.decode(request)
    except BadInput as error:
        return False, [problem.path for problem in error.problems]
    errors = [
        violation for violation in judge(Request(operation="create", document=document, state=state))
        if violation.severity == "error"
    ]  # fmt: skip
    return not errors, [errors[0].webhook_field] if errors else []


def test_creates_get_the_verdict_and_the_field_of_the_real_one(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = DocumentState(
        manifest.decode(data) for data in yaml.safe_load_all((shared / "oracle/rejections-state.yaml").read_text())
    )
    rows = yaml.safe_load((shared / "oracle/rejections.yaml").read_text())["verdicts"]
    creates = [row for row in rows if row["op"].startswith("create")]
    differ = {}
    for row in creates:
        accepted, fields = verdict(row["input"], state)
        field = next((cause.get("field", "") for cause in row.get("causes") or ()), "")
        if accepted != row["accepted"] or (field and field not in fields):
            differ[row["id"]] = f"real: {row['accepted']} {field}; ours: {accepted} {fields}"
    with capsys.disabled():
        print(f"\n{len(creates) - len(differ)} of {len(creates)} creates judged as by the real webhooks")
    assert set(differ) == set(STRICTER_IN_FILES), differ
    assert len(creates) > 150
