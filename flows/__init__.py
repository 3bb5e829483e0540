"""Entry points: Prefect flows and Hydra command lines that wire `tasks` together."""

import atexit
import gc

from flows.environment import prepare_environment

# Prefect reads its environment when it is imported, and every module of this package may import it first.
prepare_environment()

# Python would look for garbage among all that torch and MLflow have loaded before it ends: seconds, for nothing. A run
# that is cancelled stays *Cancelling* on its page until its process is gone.
atexit.register(gc.freeze)
