"""The simulated back end: a world on SimPy time, with a fluid data plane."""
