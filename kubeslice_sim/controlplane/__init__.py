"""KubeSlice's own loops as pure reconcilers, and the drivers that run them under any clock."""
