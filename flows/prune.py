"""Prune: runs, checkpoints and caches that are old and that no registered model needs; shown, then removed.

python -m flows.prune older_than=30d               # shows what would go
python -m flows.prune older_than=30d apply=true    # removes it
"""

import logging
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig

from flows.arguments import start
from flows.outcomes import show_pruned
from flows.terminal import configure_terminal, one_error
from tasks.config import load_settings
from tasks.overrides import CONF_DIR
from tasks.pruning.prune import prune
from tasks.pruning.settings import PruneSettings
from tasks.runs import Home


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="prune")
@one_error
def main(_: Any) -> None:
    """One cleaning up from the command line."""
    configure_terminal(logging.WARNING)
    settings = load_settings(PruneSettings, "prune", list(HydraConfig.get().overrides.task))
    show_pruned(prune(settings, Home.current()), settings)


if __name__ == "__main__":
    start(main)
