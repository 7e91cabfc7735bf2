"""Of two states one step apart the third follows; of any others nothing does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubeslice_sim.controlplane.built_in import built_in
from kubeslice_sim.controlplane.progression import Step, Unlike
from kubeslice_sim.controlplane.status import with_metadata
from kubeslice_sim.controlplane.timestamp import micro_time, timestamp
from kubeslice_sim.model.document import ObjectKey
from kubeslice_sim.model.kubernetes import KubernetesObject

STEP = Step(by_s=1000.0, numbers=frozenset({2}), times=3, changes=70)


def secret(number: int, at_s: float, version: int) -> KubernetesObject:
    item = built_in("Secret", "kubeslice-system", f"s0-c0-c1-{number}", body={
        "status": {"seen": micro_time(at_s + 0.25), "count": number, "of": "s0"},
    })  # fmt: skip
    return with_metadata(item, creation_timestamp=timestamp(at_s), resource_version=str(version))


def test_names_numbers_times_and_versions_go_on() -> None:
    assert STEP.advance(secret(3, 50.0, 10), secret(5, 1050.0, 33)) == secret(11, 4050.0, 103)
    assert STEP.before(ObjectKey("Secret", "kubeslice-system", "s0-c0-c1-5")) == (
        ObjectKey("Secret", "kubeslice-system", "s0-c0-c1-3"),
    )


def test_no_step_ahead_is_the_later_state_itself() -> None:
    later = secret(5, 1050.0, 33)
    assert replace(STEP, times=0, changes=0).advance(secret(3, 50.0, 10), later) == later


@pytest.mark.parametrize(
    "later",
    [secret(6, 1050.0, 33), secret(5, 1051.0, 33), secret(4, 1050.0, 33)],
    ids=["another number", "another time", "one number too few"],
)
def test_what_moved_otherwise_is_no_progression(later: KubernetesObject) -> None:
    with pytest.raises(Unlike):
        STEP.advance(secret(3, 50.0, 10), later)


def test_an_object_that_keeps_its_own_time_may_say_any() -> None:
    earlier, later = secret(3, 50.0, 10), with_metadata(secret(3, 777.0, 33))
    with pytest.raises(Unlike):
        STEP.advance(earlier, later)
    assert replace(STEP, loose=True).advance(earlier, later) == later
