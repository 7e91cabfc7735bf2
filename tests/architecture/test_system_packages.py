"""What `make` installs is what the emulator asks for."""

from __future__ import annotations

from pathlib import Path

from emulator.kernel import PROGRAMS


def test_every_program_of_the_emulator_is_installed_by_its_package(root: Path) -> None:
    lines = (root / "scripts" / "system-packages").read_text().splitlines()
    # Those behind the indented `if` are for the tests only.
    installed = dict(line.split()[1:] for line in lines if line.startswith("need "))
    assert {program: installed.get(program) for program in PROGRAMS} == PROGRAMS


def test_every_program_is_named_in_the_readme(root: Path) -> None:
    start = (root / "README.md").read_text().partition("## Start")[2].partition("```console\n$ . .venv")[0]
    named = {name for name in PROGRAMS if f"`{name.removesuffix('-restore')}`" in start}
    assert named == set(PROGRAMS) - {"unshare"}  # every Linux has it
