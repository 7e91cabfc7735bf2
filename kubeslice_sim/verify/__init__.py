"""Questions answered on a Plan without running it."""

from kubeslice_sim.verify.answer import Answer, Hop
from kubeslice_sim.verify.reach import Verifier, reach

__all__ = ["Answer", "Hop", "Verifier", "reach"]
