"""Labels by which the controller and its workers find what belongs together (controller util/constants.go)."""

from __future__ import annotations

SLICE = "original-slice-name"
WORKER_CLUSTER = "worker-cluster"
REMOTE_CLUSTER = "remote-cluster"
SERVICE = "service-name"
SERVICE_NAMESPACE = "service-namespace"
JOB_SLICE = "SLICE_NAME"
RECYCLER_SLICE = "slice_name"
RECYCLER_GATEWAY = "slicegw_name"
