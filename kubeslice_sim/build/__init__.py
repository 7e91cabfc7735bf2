"""A world in a few lines of Python, and the Python of any world."""

from kubeslice_sim.build.builder import WorldBuilder, world
from kubeslice_sim.build.python_text import to_python

__all__ = ["WorldBuilder", "to_python", "world"]
