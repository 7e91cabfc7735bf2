"""What a controller cluster's API server would say to a request: CRD schemas, webhooks and store in one."""

from kubeslice_sim.apiserver.answer import Answer
from kubeslice_sim.apiserver.hub import standing_objects
from kubeslice_sim.apiserver.server import ApiServer
from kubeslice_sim.apiserver.step import Step, read_steps, step_of

__all__ = ["Answer", "ApiServer", "Step", "read_steps", "standing_objects", "step_of"]
