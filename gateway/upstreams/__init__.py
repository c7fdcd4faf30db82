"""Live upstreams: endpoints, pools of connections, balancing."""
