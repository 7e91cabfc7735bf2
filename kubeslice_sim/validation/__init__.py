"""Validation: the simulator held to published numbers, by the code as it is now.

``make validation`` writes the page; ``python -m kubeslice_sim.validation --help`` says more. A case measures some
targets together; cases stand in groups, one file each. What fails stays on the page.
"""
