"""The request engine: http between services, request by request, on simulated time.

``client`` asks in a closed or an open loop; ``connection`` finds an address as a real client does and shakes hands;
``exchange`` takes one request there and its answer back; ``payload`` sends what is longer than a packet through the
fluid engine, where it competes with all other flows; ``server`` has the workers and the line before them.

Not compiled, because it would not pay: a request has two rows, and they take about as long to make as the request.
"""
