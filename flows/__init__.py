"""Entry points: Prefect flows and Hydra command lines that wire `tasks` together."""
