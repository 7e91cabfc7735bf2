"""Every request that was put to the real API server with KubeSlice's webhooks: verdict, field, stored spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kubeslice_sim import facade, manifest
from kubeslice_sim.apiserver import Answer, ApiServer, standing_objects, step_of

NO_FIELD = ("readable", "object-exists")


def request(row: dict[str, Any]) -> dict[str, Any]:
    """A recorded row as a step of a requests file."""
    operation, sent = row["op"], row["input"]
    if operation.startswith("create"):
        return {"id": row["id"], "op": "create", "object": sent}
    if operation.startswith("delete"):
        return {"id": row["id"], "op": "delete", "target": [sent["kind"], sent["name"]]}
    target = operation.split()[-1].split("/")
    op = "merge-patch status" if "status" in operation.split("(")[0] else "merge-patch"
    return {"id": row["id"], "op": op, "target": target, "patch": sent}


def difference(row: dict[str, Any], answer: Answer) -> str:
    if answer.allowed != row["accepted"]:
        return f"real: {row['accepted']} {row.get('message')}; ours: {answer}"
    fields = [cause["field"] for cause in row.get("causes") or ()]
    if fields and answer.field not in fields:
        return f"real: {fields}; ours: {answer.field}"
    if row.get("spec_as_stored", answer.row()["stored"]) != answer.row()["stored"]:
        return f"real: {row['spec_as_stored']}; ours: {answer.row()['stored']}"
    return ""


def test_every_request_gets_the_real_verdict_field_and_stored_spec(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = yaml.safe_load((shared / "oracle/rejections.yaml").read_text())["verdicts"]
    (tmp_path / "requests.yaml").write_text(yaml.safe_dump([request(row) for row in rows]))
    answers = facade.admit(shared / "oracle/rejections-state.yaml", tmp_path / "requests.yaml")
    differ = {row["id"]: difference(row, answer) for row, answer in zip(rows, answers, strict=True)}
    wrong = {name: text for name, text in differ.items() if text}
    fields = sum(bool(row.get("causes")) for row in rows)
    specs = sum("spec_as_stored" in row for row in rows)
    with capsys.disabled():
        print(
            f"\n{len(rows) - len(wrong)} of {len(rows)} requests answered as by the real API server and webhooks: "
            f"verdicts, {fields} fields, {specs} stored specs"
        )
    assert not wrong
    assert (len(rows), fields, specs) >= (198, 109, 78)


def test_without_webhooks_the_schemas_alone_decide_as_the_real_ones_do(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = yaml.safe_load((shared / "oracle/rejections-schema-only.yaml").read_text())["verdicts"]
    reading = manifest.read_state(shared / "oracle/rejections-state.yaml")
    server = ApiServer(standing_objects(reading.world, reading.derived), now=None, webhooks=False)
    wrong = {row["id"]: text for row in rows if (text := difference(row, server.answer(step_of(request(row)))))}
    with capsys.disabled():
        print(f"\n{len(rows) - len(wrong)} of {len(rows)} requests answered as by the real API server without webhooks")
    assert not wrong
    assert len(rows) >= 198


def test_the_comparison_sees_a_wrong_verdict_a_wrong_field_and_a_wrong_spec() -> None:
    refused = {"accepted": False, "causes": [{"field": "spec.a"}]}
    assert difference(refused, Answer(id="1", allowed=True))
    assert difference(refused, Answer(id="1", allowed=False, field="spec.b"))
    assert difference({"accepted": True, "spec_as_stored": {"a": 1}}, Answer(id="1", allowed=True))
    assert not difference(refused, Answer(id="1", allowed=False, field="spec.a"))


def test_what_the_real_webhooks_panic_on_is_refused_with_a_reason(shared: Path, tmp_path: Path) -> None:
    rows = [
        row for row in yaml.safe_load((shared / "oracle/rejections.yaml").read_text())["verdicts"]
        if row["code"] == 500
    ]  # fmt: skip
    (tmp_path / "requests.yaml").write_text(yaml.safe_dump([request(row) for row in rows]))
    answers = facade.admit(shared / "oracle/rejections-state.yaml", tmp_path / "requests.yaml")
    assert len(answers) >= 4
    for answer in answers:
        assert not answer.allowed
        assert answer.rule not in NO_FIELD
        assert answer.field
        assert "panic" not in answer.message
