"""The HTTP service: routes, their types, and what stands before them. What they answer comes from ``tasks.serving``."""
