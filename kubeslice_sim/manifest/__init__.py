"""YAML and Python in and out: every problem at once, with file and line, field, what is wrong and what to do."""

from kubeslice_sim.manifest.admit import refusals
from kubeslice_sim.manifest.crds import crds, hub_crds, worker_crds
from kubeslice_sim.manifest.dump import dump, dump_documents
from kubeslice_sim.manifest.json_schema import json_schema
from kubeslice_sim.manifest.kinds import decode, encode
from kubeslice_sim.manifest.loader import Reading, load, load_text, read, read_state, read_text
from kubeslice_sim.manifest.locate import located
from kubeslice_sim.manifest.vary import vary

__all__ = [
    "Reading",
    "crds",
    "decode",
    "dump",
    "dump_documents",
    "encode",
    "hub_crds",
    "json_schema",
    "load",
    "load_text",
    "located",
    "read",
    "read_state",
    "read_text",
    "refusals",
    "vary",
    "worker_crds",
]
