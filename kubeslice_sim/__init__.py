"""KubeSlice slices: one model, planned, simulated, emulated and deployed."""
