"""Paths in: files, folders and standard input; what cannot be read is said."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from kubeslice_sim import manifest
from kubeslice_sim.errors import BadInput
from kubeslice_sim.manifest import files

PROJECT = """apiVersion: controller.kubeslice.io/v1alpha1
kind: Project
metadata: {name: demo, namespace: kubeslice-controller}
"""
CLUSTER = """apiVersion: controller.kubeslice.io/v1alpha1
kind: Cluster
metadata: {name: worker-1, namespace: kubeslice-demo}
"""


def refused(*paths: str | Path) -> str:
    with pytest.raises(BadInput) as caught:
        manifest.load(*paths)
    return str(caught.value)


def test_a_folder_is_all_its_yaml_and_json_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(CLUSTER)
    (tmp_path / "a.yml").write_text(PROJECT)
    (tmp_path / "c.json").write_text('{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}')
    (tmp_path / "README.md").write_text("not yaml: [")
    world = manifest.load(tmp_path)
    assert [type(item).__name__ for item in world.documents()] == ["Project", "Cluster", "KubernetesObject"]
    assert world.name == tmp_path.name


def test_several_paths_make_one_world(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(PROJECT)
    (tmp_path / "c.yaml").write_text(CLUSTER)
    assert manifest.load(tmp_path / "p.yaml", tmp_path / "c.yaml").cluster_names == ("worker-1",)


def test_a_file_named_world_is_called_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "world.yaml").write_text(PROJECT)
    (tmp_path / "two.yaml").write_text(PROJECT)
    assert manifest.load(tmp_path / "world.yaml").name == tmp_path.name
    assert manifest.load(tmp_path / "two.yaml").name == "two"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(PROJECT.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert manifest.load("-").projects[0].metadata.name == "demo"


def test_a_missing_path_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "world.yaml").write_text(PROJECT)
    said = refused(tmp_path / "wrld.yaml")
    assert said == f"{tmp_path}/wrld.yaml does not exist (did you mean {tmp_path}/world.yaml?)"
    assert refused(tmp_path / "no" / "such") == f"{tmp_path}/no/such does not exist"


def test_a_folder_without_yaml_says_where_there_is_some(tmp_path: Path) -> None:
    assert "holds no YAML (a world is .yaml files)" in refused(tmp_path)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "w.yaml").write_text(PROJECT)
    assert "there is YAML in one" in refused(tmp_path)


def test_an_empty_file_and_one_of_comments(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "b.yaml").write_text("# nothing yet\n---\n")
    assert refused(tmp_path).splitlines() == [
        f"{tmp_path}/a.yaml:1: the file is empty (a world has documents)",
        f"{tmp_path}/b.yaml:1: the file is empty (a world has documents)",
    ]


def test_other_encodings_are_named_at_their_line(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("a: 1\nb: Köln\n".encode("latin-1"))
    assert refused(tmp_path / "latin.yaml") == (
        f"{tmp_path}/latin.yaml:2: this is not UTF-8 text (save the file as UTF-8)"
    )
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbf" + PROJECT.encode())
    assert manifest.load(tmp_path / "bom.yaml").projects


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 2**20)
    (tmp_path / "big.yaml").write_bytes(b"#" * (2**20 + 1))
    assert "larger than 1 MiB (split the world)" in refused(tmp_path / "big.yaml")


def test_a_path_that_is_no_name_is_refused_and_does_not_raise() -> None:
    assert "cannot be read" in refused("a\0b") or "does not exist" in refused("a\0b")


def test_lists_are_unfolded_and_bookkeeping_is_dropped() -> None:
    items = "".join(
        "- " + text.replace("\n", "\n  ").strip() + "\n"
        for text in (PROJECT.replace("{", "{managedFields: [{manager: x}], "), CLUSTER)
    )
    world = manifest.load_text(f"apiVersion: v1\nkind: List\nitems:\n{items}")
    assert world.projects[0].metadata.name == "demo"
    assert world.cluster_names == ("worker-1",)


def test_a_field_that_is_null_is_a_field_that_is_absent() -> None:
    text = PROJECT + "spec: {serviceAccount: null, defaultSliceCreation: null}\n"
    assert manifest.load_text(text) == manifest.load_text(PROJECT)


def test_the_source_of_every_document_is_known(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(f"{PROJECT}---\n{CLUSTER}")
    reading = manifest.read(tmp_path / "w.yaml")
    source = reading.source(reading.world.clusters[0])
    assert source is not None
    assert (source.file, source.line) == (f"{tmp_path}/w.yaml", 5)
    assert source.line_of(("metadata", "name")) == 7
