"""Dice: a SplitMix64 stream in a row's own ``dice`` column, so that every link and source has chance of its own."""

from __future__ import annotations

import math

import numpy as np

from kubeslice_sim.simulator.packet.compiled import compiled
from kubeslice_sim.simulator.packet.tables import Row

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 2.0**-53


@compiled
def uniform(row: Row) -> float:
    """The next number in [0, 1) of the row's stream (Steele, Lea, Flood: Fast splittable generators, 2014)."""
    row.dice = row.dice + _GAMMA
    z = row.dice
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    z = z ^ (z >> _S31)
    return float(z >> _S11) * _UNIT


@compiled
def exponential(row: Row, mean: float) -> float:
    """An exponential variate, by inversion."""
    return -mean * math.log1p(-uniform(row))


@compiled
def draw(row: Row, kind: int, a: float, b: float, c: float) -> float:
    """A variate of a :class:`~kubeslice_sim.simulator.packet.distribution.Distribution` in its coded form."""
    if kind == 1:
        return a
    if kind == 2:
        return exponential(row, a)
    if kind == 3:
        return a + (b - a) * uniform(row)
    if kind == 4:  # Erlang: b phases of mean a
        total = 0.0
        for _ in range(int(b)):
            total += exponential(row, a)
        return total
    if kind == 5:  # hyperexponential: mean a with chance c, else b
        return exponential(row, a if uniform(row) < c else b)
    # Lognormal, by Box and Muller; the second normal is let go, so that a stream has no hidden state.
    radius = math.sqrt(-2.0 * math.log1p(-uniform(row)))
    return math.exp(a + b * radius * math.cos(2.0 * math.pi * uniform(row)))
