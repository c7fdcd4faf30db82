"""What is found out about endpoints: by questions of the gateway's own, and from what comes of their traffic.

Nothing is decided here: gateway.runtime.vitals.endpoint_states weighs it, beside what operators and names say.
"""
