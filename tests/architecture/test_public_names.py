"""Tools can see what we promise: completion finds every verb, and star-import gives what ``__all__`` says."""

from __future__ import annotations

import subprocess
import sys

import jedi
import pytest

import kubeslice_sim as ks


@pytest.mark.parametrize("name", ks.__all__)
def test_every_promised_name_exists(name: str) -> None:
    assert getattr(ks, name) is not None


def test_completion_sees_every_verb() -> None:
    found = {item.name for item in jedi.Script("import kubeslice_sim as ks\nks.").complete(2, 3)}
    assert set(ks.__all__) <= found


def test_the_room_verify_does_not_hide_the_verb() -> None:
    code = "import kubeslice_sim.verify, kubeslice_sim as ks; assert callable(ks.verify)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_importing_the_model_stays_light() -> None:
    code = (
        "import sys, kubeslice_sim.model.world as w; "
        "heavy = {'pandas', 'matplotlib', 'simpy', 'pydantic', 'ruamel', 'networkx'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
