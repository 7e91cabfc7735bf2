"""``python -m kubeslice_sim``: the same as ``ksim``."""

from kubeslice_sim.cli import main

main()
