"""How a lab that broke says so, without a sandbox: `check` and `close` look only at what failed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from emulator.lab import Lab, LabError
from emulator.nft import FirewallError


class Driver:
    """A control plane that ended with an error."""

    def __init__(self, failure: Exception | None) -> None:
        self.failure = failure

    def stop(self) -> None:
        if self.failure is not None:
            raise self.failure


def lab(*, effect: Exception | None = None, driver: Exception | None = None) -> tuple[Any, list[str]]:
    closed: list[str] = []
    made: Any = object.__new__(Lab)
    made.driver = Driver(driver)
    for name in ("overlay", "dns", "wires"):
        part = SimpleNamespace(close=lambda name=name: closed.append(name), failure=None)
        setattr(made, name, part)
    made.overlay.failure = effect
    return made, closed


@pytest.mark.parametrize(
    ("effect", "driver", "words"),
    [
        (FirewallError("nft refused"), None, "the emulation broke: nft refused"),
        (OSError(28, "No space left on device"), None, "the emulation broke: OSError: [Errno 28] No space left"),
        (None, RuntimeError("a reconciler"), "the emulation broke: RuntimeError: a reconciler"),
    ],
)
def test_what_broke_first_is_told_once(effect: Exception | None, driver: Exception | None, words: str) -> None:
    broken, _ = lab(effect=effect, driver=driver)
    with pytest.raises(LabError) as caught:
        broken.check()
    assert str(caught.value).startswith(words)


def test_everything_is_closed_even_after_the_control_plane_failed() -> None:
    broken, closed = lab(driver=RuntimeError("a reconciler"))
    broken.close()
    assert closed == ["overlay", "dns", "wires"]
