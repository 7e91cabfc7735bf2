"""The program before its commands are there."""

from __future__ import annotations

import sys

import pytest

from kubeslice_sim.__main__ import INTERRUPTED, main


class Impatient:
    """Somebody who presses Ctrl-C while the commands are imported."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "kubeslice_sim.cli":
            raise KeyboardInterrupt


def test_an_interrupted_start_leaves_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "kubeslice_sim.cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Impatient(), *sys.meta_path])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == INTERRUPTED
    assert capsys.readouterr().err == "ksim: interrupted\n"
