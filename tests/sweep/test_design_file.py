"""A sweep in a file: the same question as in Python, and every mistake in it at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

import kubeslice_sim as ks
from kubeslice_sim.model.world import World

RTT = "underlay.links[worker-1,worker-2].rtt"
JITTER = "underlay.links[worker-1,worker-2].jitter"
WHOLE = f"""\
vary:
  {RTT}: 20ms..60ms step 40ms
together:
- {JITTER}: [1ms, 2ms]
  slice.maxClusters: [2, 4]
replications: 2
until: ping rtt_s absolute 1s
atMost: 3
seed: 5
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "sweep.yaml"
    file.write_text(text)
    return file


def told(world: World, file: Path) -> list[tuple[int, str]]:
    with pytest.raises(ks.BadInput) as caught:
        ks.sweep(world, design=file, jobs=1)
    assert {problem.file for problem in caught.value.problems} == {str(file)}
    return [(problem.line, f"{problem.path}: {problem.message} ({problem.hint})") for problem in caught.value.problems]


def test_a_file_says_what_python_says(small: World, tmp_path: Path) -> None:
    found = ks.sweep(small, design=written(tmp_path, WHOLE), jobs=1)
    same = ks.sweep(
        small, {RTT: ["20ms", "60ms"]}, together=[{JITTER: ["1ms", "2ms"], "slice.maxClusters": [2, 4]}],
        replications=2, until="ping rtt_s absolute 1s", at_most=3, seed=5, jobs=1,
    )  # fmt: skip
    assert found == same
    assert list(found.variants) == [
        ("20ms", "1ms", 2), ("20ms", "2ms", 4), ("60ms", "1ms", 2), ("60ms", "2ms", 4)
    ]  # fmt: skip
    assert [run.seed for run in found.runs] == [5, 6] * 4


def test_what_python_says_goes_before_the_file(small: World, tmp_path: Path) -> None:
    file = written(tmp_path, f"vary:\n  {RTT}: [20ms]\nreplications: 7\n")
    found = ks.sweep(small, {"slice.maxClusters": [2, 4]}, design=file, replications=1, seed=3, jobs=1)
    assert [axis.path for axis in found.axes] == [RTT, "slice.maxClusters"]
    assert [run.seed for run in found.runs] == [3, 3]


@pytest.mark.parametrize(("text", "line", "said"), [
    ("vry: {a: 1}\n", 1, "vry: unknown field (did you mean vary?)"),
    ("kind: Sweep\nvary: {}\n", 1, "a design has no kind"),
    ("vary:\n- slice.maxClusters: [2]\n", 1, "vary: should be a mapping of paths to values"),
    ("together: {a: [1]}\n", 1, "together: should be a list of mappings"),
    ("vary: {}\nreplications: many\n", 2, "replications: should be a whole number"),
    ("vary: {}\nreplications: 0\n", 2, "once or more often"),
    ("vary: {}\nuntil: [bulk]\nreplications: 3\n", 2, "until: 'bulk': is not understood"),
    ("vary: {}\n\natMost: 4\n", 3, "atMost: bounds what a rule asks for"),
    ("sample: 4 sobol\nvary: {slice.maxClusters: [2, 4]}\n", 1, "sample: '4 sobol' is not understood"),
    (f"vary:\n  slice.maxClusters: [2]\n  {RTT}: 60ms..20ms step 10ms\n", 3, "is empty"),
    ("vary:\n  slice.maxClusters: [2]\n  slice.maxCluster: [2]\n", 3, "did you mean maxClusters"),
    ("vary:\n  slice.maxClusters: [2, 99]\n", 2, "[with slice.maxClusters=99]"),
    (f"together:\n- slice.maxClusters: [2, 4]\n  {RTT}: [1ms]\n", 3, "has 1 values, and slice.maxClusters"),
    (f"together:\n- slice.maxClusters: [2, 4]\n  {RTT}: [1ms, 2]\n", 3, "needs a unit"),
    ("vary:\n  slice.maxClusters: [2\n", 3, "this is not YAML"),
    ("vary:\n  a.x: [1]\n  a.x: [2]\n", 3, "stands twice"),
    ("- 1\n", 1, "is a list, not a mapping"),
])  # fmt: skip
def test_mistakes_are_told_at_their_line(small: World, tmp_path: Path, text: str, line: int, said: str) -> None:
    (problem,) = told(small, written(tmp_path, text))
    assert problem[0] == line
    assert said in problem[1]


def test_all_mistakes_of_a_kind_are_told(small: World, tmp_path: Path) -> None:
    file = written(tmp_path, f"vary:\n  slice.maxClusters: []\n  {RTT}: 5ms\n  {JITTER}: 1ms..9ms\n")
    assert [line for line, _ in told(small, file)] == [2, 3, 4]


@pytest.mark.parametrize(("text", "said"), [
    ("", "holds 0 documents"), ("vary: {}\n---\nvary: {}\n", "holds 2 documents"),
])  # fmt: skip
def test_a_file_is_one_document(small: World, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ks.BadInput, match=said):
        ks.sweep(small, design=written(tmp_path, text))


def test_a_file_that_cannot_be_read(small: World, tmp_path: Path) -> None:
    for place in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ks.BadInput, match="cannot read"):
            ks.sweep(small, design=place)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ks.BadInput, match="not UTF-8"):
        ks.sweep(small, design=tmp_path / "binary")
