from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeslice_sim.model.field_path import FieldPath, read_path, show_path

KNOWN = st.sampled_from(["spec", "clusters", "a.b/c", "worker-1", '"', "[0]"])
STEPS = st.integers(0, 999) | st.text(max_size=12) | KNOWN


@given(st.lists(STEPS, max_size=6).map(tuple))
def test_a_path_reads_back(path: FieldPath) -> None:
    assert read_path(show_path(path)) == path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("spec", "clusters", 1), "spec.clusters[1]"),
        (("metadata", "labels", "kubeslice.io/slice"), 'metadata.labels["kubeslice.io/slice"]'),
        ((0, "name"), "[0].name"),
    ],
)
def test_paths_look_as_people_write_them(path: FieldPath, text: str) -> None:
    assert show_path(path) == text


@pytest.mark.parametrize("text", [".spec", "spec..x", "spec[", "spec[x]", "a b", "spec."])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a field path"):
        read_path(text)
