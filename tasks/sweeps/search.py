"""Which trials a sweep runs, and which it stops: Optuna's samplers and pruner over what the records hold."""

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tasks.benchmark.tuning import new_pruner, sampler_for
from tasks.sweeps.dimensions import Dimension, Values, grid
from tasks.sweeps.records import Records, TrialRecord, TrialState
from tasks.sweeps.settings import SweepSettings

if TYPE_CHECKING:
    from optuna import Trial

_ATTEMPTS = 50
"""Proposals in a row that were tried before, after which a space counts as exhausted."""


class Search:
    """Proposes trials; thread-safe. Those that an earlier process began come first, with the same values.

    Proposals are seeded by the number of the trial. With one worker a search that was stopped therefore goes on as it
    would have without; with several, what was finished when a trial was proposed is a matter of time.

    Args:
        settings: Of the sweep.
        dimensions: What varies.
        records: What is finished, and what was begun.
        start: Tried before anything is proposed; None to begin with a proposal. Not with ``sampler=grid``.

    """

    def __init__(
        self,
        settings: SweepSettings,
        dimensions: Sequence[Dimension],
        records: Records,
        start: Values | None = None,
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._settings, self._dimensions, self._records = settings, tuple(dimensions), records
        # The default settings, then proposals; or every combination.
        self._given = grid(dimensions) if settings.sampler == "grid" else [dict(start)] if start else []
        self.trials = settings.trials or len(self._given)
        if settings.sampler == "grid":
            self.trials = min(self.trials, len(self._given))
        self._lock = threading.RLock()
        self._running: dict[int, Trial] = {}
        self._study = optuna.create_study(direction=settings.direction, pruner=new_pruner())
        for record in records.all():
            if record.finished:
                self._study.add_trial(self._frozen(record))
        self._left = [record for record in records.all() if not record.finished]

    def take(self) -> TrialRecord | None:
        """The next trial, noted as begun; None when there is no more."""
        with self._lock:
            if self._left:
                record = self._left.pop(0)
                self._running[record.number] = self._ask(record.number, record.values)
                return record
            number = len(self._records.all())
            if number >= self.trials:
                return None
            values = self._propose(number)
            return None if values is None else self._records.begin(number, values)

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Take note of an epoch's figure; returns whether the training is not worth going on with."""
        with self._lock:
            trial = self._running[number]
            trial.report(value, epoch)
            return self._settings.prune and trial.should_prune()

    def finish(self, number: int, state: TrialState, value: float | None = None, **changes: Any) -> TrialRecord:
        """Take note of how a trial ended.

        Args:
            number: Which.
            state: How.
            value: The figure, where it is COMPLETE.
            **changes: Further attributes of its record.

        """
        with self._lock:
            trial = self._running.pop(number, None)
            epochs: dict[str, float] = {}
            if trial is not None:
                frozen = self._study.trials[trial.number]
                epochs = {str(epoch): figure for epoch, figure in frozen.intermediate_values.items()}
                self._study.tell(trial, value, state=_optuna_state(state))
            return self._records.finish(number, state, value=value, epochs=epochs, **changes)

    def _propose(self, number: int) -> dict[str, Any] | None:
        if number < len(self._given):
            values = self._given[number]
            self._running[number] = self._ask(number, values)
            return values
        tried = [dict(record.values) for record in self._records.all()]
        for attempt in range(_ATTEMPTS):
            trial = self._ask(number + attempt * self.trials, None)
            values = dict(trial.params)
            if values not in tried:
                self._running[number] = trial
                return values
            self._study.tell(trial, state=_optuna_state(TrialState.FAIL))
        return None

    def _ask(self, seed: int, values: Mapping[str, Any] | None) -> "Trial":
        self._study.sampler = sampler_for(self._settings.seed, seed, self.trials)
        if values is not None:
            self._study.enqueue_trial(dict(values))
        trial = self._study.ask()
        found: dict[str, Any] = {}
        for dimension in self._dimensions:
            if dimension.applies(found):
                found[dimension.name] = dimension.suggest(trial)
        return trial

    def _frozen(self, record: TrialRecord) -> Any:
        from optuna.trial import create_trial

        allowed = {dimension.name: dimension.allowed for dimension in self._dimensions}
        return create_trial(
            state=_optuna_state(record.state),
            params=dict(record.values),
            distributions={name: allowed[name].distribution() for name in record.values},
            value=record.value,
            intermediate_values={int(epoch): value for epoch, value in record.epochs.items()},
        )


def _optuna_state(state: TrialState) -> Any:
    from optuna.trial import TrialState as OptunaState

    return OptunaState[state.value]
