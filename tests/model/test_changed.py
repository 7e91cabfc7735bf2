"""A noun with other fields is the same as dataclasses.replace would make."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from kubeslice_sim.model.changed import changed
from kubeslice_sim.model.document import ObjectMeta
from kubeslice_sim.model.frozen import FrozenMap
from kubeslice_sim.model.slice_config import SliceConfig, SliceConfigSpec

CONFIG = SliceConfig(
    metadata=ObjectMeta(name="red", namespace="kubeslice-demo", labels=FrozenMap(team="a")),
    spec=SliceConfigSpec(slice_subnet="10.1.0.0/16", max_clusters=4, clusters=("c0", "c1")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    field: int


def test_it_is_what_replace_makes() -> None:
    metadata = changed(CONFIG.metadata, resource_version="7", finalizers=("a",))
    assert metadata == replace(CONFIG.metadata, resource_version="7", finalizers=("a",))
    assert changed(CONFIG, metadata=metadata) == replace(CONFIG, metadata=metadata)
    assert changed(One(field=1), field=2) == One(field=2)
    assert changed(CONFIG) == CONFIG


def test_the_first_stays_and_both_are_frozen() -> None:
    copy = changed(CONFIG.metadata, name="blue")
    assert CONFIG.metadata.name == "red"
    with pytest.raises(AttributeError):
        copy.name = "green"  # type: ignore[misc]


def test_a_field_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="colour"):
        changed(CONFIG.metadata, colour="red")


def test_a_noun_that_looks_at_its_fields() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Even:
        number: int

        def __post_init__(self) -> None:
            assert self.number % 2 == 0

    with pytest.raises(TypeError, match="Even"):
        changed(Even(number=2), number=4)
