"""Inspect: is this log enough? What cleaning would drop, and whom a run could ask what; nothing is trained.

python -m flows.inspect dataset=ta_feng
python -m flows.inspect dataset=file dataset.path=log.csv split.first_cut=2001-01-15
"""

import logging

import hydra
from hydra.core.hydra_config import HydraConfig

from flows.arguments import start
from flows.display import show_inspection
from flows.terminal import configure_terminal, one_error
from tasks.config import load_config
from tasks.overrides import CONF_DIR
from tasks.stages.inspect import inspect_stage


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="config")
@one_error
def main(_: object) -> None:
    """Settings are those of flows.train, so that the same words can train afterwards."""
    # Whatever the log says on the way, the tables and the advice say better.
    configure_terminal(logging.ERROR)
    config = load_config(list(HydraConfig.get().overrides.task))
    show_inspection(inspect_stage(config), config.names["dataset"])


if __name__ == "__main__":
    start(main)
