"""From a World to a Plan: what KubeSlice makes of it; every formula stands here, once."""
