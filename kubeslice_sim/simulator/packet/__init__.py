"""The packet engine: queues, shapers, sources and TCP packet by packet, compiled.

``network`` builds and runs a network; ``queue`` simulates the systems of queueing theory on it; ``world`` puts it under
a scenario's world. The rest are the compiled parts: rows of arrays (``tables``) that plain functions read and change.
"""
