"""A trial of a sweep: one whole training run, in a worker process that ``flows.sweep`` starts.

The process ends when the one that started it does; the trial's run can then be gone on with.
"""

import os
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from prefect import flow

from flows.terminal import configure_terminal, one_error
from flows.train import train_with
from tasks.benchmark.worker_loop import Tell, serve
from tasks.config import load_config
from tasks.sweeps.child import Child, StoppedEarly
from tasks.sweeps.units import EpochFigure, TrialResult, TrialUnit, result_of


def run_trial(unit: TrialUnit, tell: Tell, answer: Callable[[], Any]) -> TrialResult:
    """Train as a trial, as a flow run of its own.

    Args:
        unit: What to do.
        tell: Is sent each epoch's figure.
        answer: Waits for the verdict on it.

    Raises:
        TrainingError: The run ended, but without the figure that is compared.

    """

    def on_epoch(epoch: int, value: float) -> None:
        tell(EpochFigure(epoch, value))
        if answer().stop:
            where = f"NDCG@10 {value:.4f} after epoch {epoch}"
            raise StoppedEarly(f"{where} is not among the best third of the trials before")

    child = Child(
        sweep_id=unit.sweep_id,
        number=unit.number,
        name=unit.title,
        experiment=unit.experiment,
        parent_run_id=unit.parent_run_id,
        tags=unit.tags,
        on_epoch=on_epoch,
        metric=unit.metric,
    )
    stopped: list[str] = []

    @flow(name="trial", flow_run_name=lambda: f"{unit.sweep_id} {unit.number}: {unit.title}")
    def trial(overrides: list[str]) -> dict[str, Any] | None:
        """One training run of a sweep; see flows.train for its settings."""
        try:
            return train_with(load_config(overrides), child)
        except StoppedEarly as reason:
            stopped.append(str(reason))
            return None

    summary = trial(list(unit.overrides))
    return TrialResult(stopped=stopped[0]) if summary is None else result_of(summary, unit.metric)


@one_error
def main(socket: int) -> None:
    """Do trials until there are no more."""
    configure_terminal()
    try:
        serve(Connection(socket), run_trial)
    except BaseException:
        # The run is closed by now; waiting until the last log lines are sent would keep the whole sweep waiting.
        os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
