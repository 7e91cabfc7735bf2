"""The request engine: http between services, request by request, on simulated time.

``client`` asks in a closed or an open loop; ``connection`` finds an address as a real client does and shakes hands;
``exchange`` takes one request there and its answer back; ``payload`` sends what is longer than a packet through the
fluid engine, where it competes with all other flows; ``server`` has the workers and the line before them.

Not compiled: a request costs about 45 µs with its two rows (Python 3.11), and an inner loop in numba would have to ask
back for every way, session and answer of DNS. An answer that competes for a full slice costs a millisecond, most of it
Python's, however many do: its flow is of a class, and who fills a queue is counted by kind (``simulator/queues.py``).
"""
