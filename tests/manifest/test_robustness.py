"""Whatever is handed in: a world, or BadInput. Nothing else, ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput
from kubeslice_sim.model.kinds import NOUNS
from kubeslice_sim.model.kubernetes import KUBERNETES_KINDS
from tests.manifest.worlds import JSON, TEXT

GOLDEN = b"\n---\n".join(
    file.read_bytes() for file in sorted((Path(__file__).parents[1] / "golden" / "errors").glob("*.yaml"))
)
KINDS = {noun.RESOURCE.kind: noun.RESOURCE.api_version for noun in NOUNS} | dict(KUBERNETES_KINDS)
quick = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def load(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    try:
        manifest.load(path)
    except BadInput as error:
        assert error.problems
        assert all(problem.message for problem in error.problems)


@given(raw=st.binary(max_size=200))
@example(raw=b"\xff\xfe")
@example(raw=b"a: \xed\xa0\x80")
@example(raw=b'a: "\\ud800"')
@example(raw=b"kind: !!binary aGk=")
@settings(quick, max_examples=300)
def test_random_bytes(tmp_path: Path, raw: bytes) -> None:
    load(tmp_path / "f.yaml", raw)


@given(cuts=st.lists(st.tuples(st.integers(0, len(GOLDEN)), st.integers(0, 40), st.binary(max_size=6)), max_size=6))
@settings(quick, max_examples=100)
def test_sound_files_with_holes_and_noise(tmp_path: Path, cuts: list[tuple[int, int, bytes]]) -> None:
    raw = GOLDEN
    for at, length, noise in cuts:
        raw = raw[:at] + noise + raw[at + length :]
    load(tmp_path / "f.yaml", raw)


@given(
    kind=st.sampled_from(sorted(KINDS)),
    metadata=JSON | st.fixed_dictionaries({"name": TEXT, "namespace": TEXT}),
    spec=JSON | st.dictionaries(st.sampled_from(["clusters", "sliceSubnet", "ports", "template", "traffic"]), JSON),
)
@settings(quick, max_examples=300)
def test_every_kind_with_any_content(tmp_path: Path, kind: str, metadata: Any, spec: Any) -> None:
    data = {"apiVersion": KINDS[kind], "kind": kind, "metadata": metadata, "spec": spec}
    load(tmp_path / "f.yaml", manifest.dump_documents([data]).encode())
    try:
        manifest.decode(data)
    except BadInput as error:
        assert error.problems


@pytest.mark.parametrize("raw", [b"[" * 200_000, b"{a: " * 200_000, b"- " * 200_000, b"? " * 100_000, b"a: &a [*a]"])
def test_deep_and_circular_files_end_soon(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "f.yaml").write_bytes(raw)
    with pytest.raises(BadInput):
        manifest.load(tmp_path / "f.yaml")
