"""Entry points: Prefect flows and Hydra command lines that wire `tasks` together."""

from flows.environment import prepare_environment

# Prefect reads its environment when it is imported, and every module of this package may import it first.
prepare_environment()
