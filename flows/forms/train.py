"""The form of a training."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from prefect import flow
from prefect.runtime import flow_run

from flows.artifacts import publish_configuration
from flows.forms.fields import (
    DEFAULTS,
    GROUPS,
    OF_THE_DATASET,
    Augmentation,
    Dataset,
    Epochs,
    Loss,
    Network,
    Recommender,
    Seed,
    Split,
    Trainer,
    chosen,
    touched,
)
from flows.steps import composing
from flows.train import train_with
from flows.watch import after_crash
from tasks.config import RunConfig, load_config

logger = logging.getLogger(__name__)


def run_name() -> str:
    """Named as the run folder and the MLflow run are, then what else differs from the defaults."""
    said: dict[str, Any] = flow_run.parameters
    name = "-".join([*(str(said[group]) for group in ("dataset", "network", "loss")), f"seed{said['seed']}"])
    rest = [str(said[group]) for group in ("augmentation", "recommender", "trainer") if said[group] != DEFAULTS[group]]
    rest += [str(said["split"])] if said["split"] != OF_THE_DATASET else []
    rest += [f"{said['epochs']} epochs"] if said["epochs"] else []
    return " · ".join([f"train {name}", *rest, *said["overrides"]])


@flow(name="train", flow_run_name=run_name, on_crashed=[after_crash])
def train(
    dataset: Dataset = DEFAULTS["dataset"],
    split: Split = OF_THE_DATASET,
    network: Network = DEFAULTS["network"],
    loss: Loss = DEFAULTS["loss"],
    augmentation: Augmentation = DEFAULTS["augmentation"],
    recommender: Recommender = DEFAULTS["recommender"],
    trainer: Trainer = DEFAULTS["trainer"],
    seed: Seed = 0,
    epochs: Epochs = 0,
    overrides: list[str] = [],  # noqa: B006 - only read; a union would spoil the form
) -> dict[str, Any]:
    """Train a generator of virtual behaviour and measure what it does for new users.

    The same choices again go on with a run that was stopped.

    Args:
        dataset: The log; file and sql also need an override, such as dataset.path=log.csv.
        split: Who counts as new: users who came later, or users who were held out.
        network: Generator and critic.
        loss: Adversarial loss.
        augmentation: How virtual behaviour is given to the recommender; none is the control.
        recommender: What real and virtual behaviour is given to.
        trainer: Device and length; smoke is two short epochs, to see that everything runs.
        seed: Seeds networks, draws and the order of equal scores.
        epochs: Epochs of the training; 0 takes what the trainer says (10, smoke 2).
        overrides: Any other setting of conf/, one key=value each, for example network.width=64. It can choose and
            set, never run code.

    Returns:
        The run's summary, as in summary.json.
    """
    values = (dataset, split, network, loss, augmentation, recommender, trainer)
    fields = {**dict(zip(GROUPS, values, strict=True)), "seed": seed, "trainer.max_epochs": epochs or None}
    with composing():
        config = load_config(touched(chosen(fields, overrides)))
    publish_configuration(config.plain)
    logger.info("composed: %s; all of it is the artifact configuration", composed(config, overrides))
    summary = train_with(config)
    for line in ending(summary):
        logger.info(line)
    return summary


def composed(config: RunConfig, overrides: Sequence[str]) -> str:
    """What a configuration came to, in one line: options, seed, epochs, then what else was typed."""
    said = [f"{group}={config.names[group]}" for group in GROUPS]
    return " ".join([*said, f"seed={config.seed}", f"trainer.max_epochs={config.trainer.max_epochs}", *overrides])


def ending(summary: Mapping[str, Any]) -> list[str]:
    """What came out, and where to look: the last lines of the log."""
    columns, rows = summary["table"]["columns"], summary["table"]["rows"]
    means = [f"{method} {numbers[-1]}" for figure, method, *numbers in rows if figure == "NDCG@10" and method]
    lines = [f"NDCG@10, {columns[-1]}, validation users: {', '.join(means)}"] if means else []
    return [*lines, f"report: {summary['links']['report'] or summary['report']}"]
