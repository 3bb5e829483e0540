"""The stages of a run as plain functions: what flows/train.py wires together."""
