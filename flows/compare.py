"""Compare: finished runs side by side, on the same new users; differences with intervals and corrected p-values.

python -m flows.compare run_ids=[<run>,<run>]      # the first is what the others are compared with
python -m flows.compare --help                     # all settings
"""

import logging
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from rich.console import Console

from flows.arguments import start
from flows.outcomes import show_rows
from flows.terminal import configure_terminal, one_error
from tasks.comparison.compare import compare
from tasks.comparison.compared import read_runs
from tasks.comparison.settings import CompareSettings
from tasks.comparison.shown import log_comparison, tables_of
from tasks.config import load_settings
from tasks.overrides import CONF_DIR
from tasks.reporting.tables import Table
from tasks.runs import Home


def compare_with(settings: CompareSettings) -> tuple[list[Table], str | None]:
    """Read the runs, compare them, log the comparison; returns its tables and its MLflow run."""
    home = Home.current()
    runs = read_runs(settings, home)
    rows = compare(runs, settings)
    return tables_of(runs, rows, settings), log_comparison(runs, rows, settings, home)


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="compare")
@one_error
def main(_: Any) -> None:
    """One comparison from the command line."""
    configure_terminal(logging.WARNING)
    tables, run = compare_with(load_settings(CompareSettings, "compare", list(HydraConfig.get().overrides.task)))
    console = Console(soft_wrap=True, highlight=False)
    for table in tables:
        show_rows(console, table.title, table.columns, list(table.rows), words=table.words)
    if run is not None:
        console.print(f"\n{'MLflow':<12} run {run}", markup=False)


if __name__ == "__main__":
    start(main)
