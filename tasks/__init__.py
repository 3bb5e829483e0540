"""What a training run computes: plain Python, no orchestration, no command line."""
