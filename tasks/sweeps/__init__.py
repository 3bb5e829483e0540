"""Sweeps: which settings are tried, what came of each trial, and one MLflow run above all of them."""
