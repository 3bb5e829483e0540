"""Tuning: the same number of settings tried for every method, by a seeded search that a kill does not set back.

Every finished trial is a line in a journal. Each trial is proposed by a sampler of its own seed from those finished
before, so a search that was stopped and goes on proposes what it would have proposed without.
"""

import json
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.benchmark.search import Space, edges_of
from tasks.errors import ColdcartError, TrainingError

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

logger = logging.getLogger(__name__)

SEARCH_VERSION = 1
"""Raised when the search itself changes."""
_WARM_UP = 1
"""Epochs before a training may be stopped."""
_WHOLE = 3
"""Trainings that end before any may be stopped; whole ones are what tuning costs most."""
_KEPT = 100 / 3
"""A training goes on as long as it is among the best of those that ended, in percent, after as many epochs."""

Objective = Callable[[Mapping[str, Any], Callable[[int, float], None]], float]
"""From dotted settings, and where to report the figure of each epoch, to the figure that is maximised."""


class OutOfTimeError(ColdcartError):
    """The budget was spent; what is finished is kept."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best of the settings that were tried.

    Attributes:
        values: Dotted settings.
        value: Its figure on half A.
        edges: Settings at the edge of their range.
        seconds: Time of all trials together.

    """

    values: Mapping[str, Any]
    value: float
    edges: tuple[str, ...]
    seconds: float


def search(
    space: Space,
    starts: Sequence[Mapping[str, Any]],
    objective: Objective,
    *,
    trials: int,
    seed: int,
    journal: Path,
    deadline: float = math.inf,
) -> Best:
    """Try settings and return the best (tree-structured Parzen estimator: Bergstra et al., NeurIPS 2011).

    Settings that cannot be fitted count as trials, too; so do trainings that are stopped early.

    Args:
        space: What is tuned; not empty.
        starts: Tried before anything else, in this order; at least one.
        objective: What is maximised. An ``Exception`` it raises makes the trial a failed one.
        trials: Number of settings, at least 1.
        seed: Seeds the proposals.
        journal: File of finished trials; read first where it exists.
        deadline: Time (as ``time.time``) after which no trial is begun.

    Raises:
        OutOfTimeError: The deadline came first.
        TrainingError: No trial gave a figure (says why the last one did not).

    """
    from optuna.exceptions import TrialPruned
    from optuna.trial import TrialState

    study = _study()
    distributions = {name: allowed.distribution() for name, allowed in space.items()}
    seconds = sum(_replay(study, distributions, journal, trials))
    reason = ""
    while (number := len(study.trials)) < trials:
        if time.time() > deadline:
            raise OutOfTimeError(f"{number} of {trials} settings were tried when the time was over")
        study.sampler = sampler_for(seed, number, trials)
        if number < len(starts):
            study.enqueue_trial(dict(starts[number]))
        trial = study.ask(distributions)
        started = time.monotonic()
        try:
            value = float(objective(trial.params, _reporter(trial)))
            if not math.isfinite(value):
                raise TrainingError(f"its figure on half A is {value}")
            study.tell(trial, value)
        except TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            logger.warning("settings %s could not be fitted: %s", trial.params, reason)
            study.tell(trial, state=TrialState.FAIL)
        took = time.monotonic() - started
        seconds += took
        _append(journal, study.trials[number], took)
    complete = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    if not complete:
        raise TrainingError(f"none of {trials} settings could be fitted; the last: {reason or 'see the warnings'}")
    best = study.best_trial
    assert best.value is not None
    return Best(dict(best.params), best.value, edges_of(space, best.params), seconds)


def _study() -> "Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(direction="maximize", pruner=new_pruner())


def new_pruner() -> Any:
    """What stops hopeless trainings: those below the best of the earlier ones, once a few have run through."""
    from optuna.pruners import PercentilePruner

    return PercentilePruner(_KEPT, n_startup_trials=_WHOLE, n_warmup_steps=_WARM_UP)


def sampler_for(seed: int, number: int, trials: int) -> Any:
    """What proposes a trial: seeded by the search's seed and the trial's number, so that no state need be kept."""
    from optuna.samplers import TPESampler

    # A quarter of the trials looks around before the estimator has its say; ten, its default, would be half of them.
    return TPESampler(seed=seed * 100_003 + number, n_startup_trials=max(3, trials // 4))


def _reporter(trial: "Trial") -> Callable[[int, float], None]:
    from optuna.exceptions import TrialPruned

    best = -math.inf

    def report(epoch: int, value: float) -> None:
        nonlocal best
        # A training is judged by its best epoch, so the best so far is compared. The pruner takes that of this training
        # anyway, but of the others what they had in this very epoch.
        best = max(best, value)
        trial.report(best, epoch)
        if trial.should_prune():
            raise TrialPruned

    return report


def _append(journal: Path, trial: "FrozenTrial", seconds: float) -> None:
    line = {
        "params": trial.params,
        "state": trial.state.name,
        "value": trial.value,
        "epochs": {str(epoch): value for epoch, value in trial.intermediate_values.items()},
        "seconds": seconds,
    }
    journal.parent.mkdir(parents=True, exist_ok=True)
    torn = journal.exists() and not journal.read_bytes().endswith(b"\n")
    with journal.open("a", encoding="utf-8") as file:
        file.write(("\n" if torn else "") + json.dumps(line) + "\n")


def _replay(study: "Study", distributions: Mapping[str, Any], journal: Path, trials: int) -> list[float]:
    """Put finished trials back into the study; returns their seconds. A line torn by a kill is left out."""
    from optuna.trial import TrialState, create_trial

    seconds: list[float] = []
    for text in journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []:
        try:
            line = json.loads(text)
            trial = create_trial(
                state=TrialState[line["state"]],
                params=line["params"],
                distributions=dict(distributions),
                value=line["value"],
                intermediate_values={int(epoch): value for epoch, value in line["epochs"].items()},
            )
            took = float(line["seconds"])
        except (ValueError, KeyError, TypeError):
            continue
        if len(seconds) < trials:
            study.add_trial(trial)
            seconds.append(took)
    return seconds
