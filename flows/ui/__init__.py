"""``make ui``: both servers, the deployments and a worker, started together and ended together."""
