"""Does adversarial training make generated behaviour more real? Every network under every loss, on real data.

    python -m benchmarks.realism [--dataset ml_100k] [--networks …] [--losses …] [--epochs 10]

Prints, at initialisation and after training, for held-out validation users (half A): average popularity of generated
items ÷ that of real ones (1 is right), and the distance between the item–item co-occurrence of generated and real
profiles (0 is right). Ends with exit code 1 where a loss is not finite or a figure did not get better.
"""

import argparse
import logging
import math
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tasks.config import load_config
from tasks.domain import Posed
from tasks.ingestion.folders import cache_folder
from tasks.overrides import choices
from tasks.stages.ingest import ingest_log
from tasks.stages.prepare import prepare
from tasks.training.catalogue import catalogue_of
from tasks.training.clock import Clock
from tasks.training.episodes import episodes_of
from tasks.training.train import train


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--dataset", default="ml_100k")
    arguments.add_argument("--networks", nargs="*", default=choices("network"))
    arguments.add_argument("--losses", nargs="*", default=choices("loss"))
    arguments.add_argument("--epochs", type=int, default=10)
    chosen = arguments.parse_args()
    logging.disable(logging.WARNING)

    base = load_config([f"dataset={chosen.dataset}", "tracking=off", "tuned_settings=false"])
    ingested = ingest_log(base.dataset.load(cache_folder()), base)
    prepared = prepare(ingested, base)
    print(f"{'network':16}{'loss':16}{'popularity ratio':>22}{'co-occurrence distance':>26}{'seconds':>9}", flush=True)
    worse = 0
    for network in chosen.networks:
        for loss in chosen.losses:
            overrides = [f"dataset={chosen.dataset}", f"network={network}", f"loss={loss}", "tracking=off"]
            config = load_config([*overrides, f"trainer.max_epochs={chosen.epochs}", "tuned_settings=false"])
            start = time.perf_counter()
            before = _realism_at_start(config, prepared.ground.training, prepared.half_a, ingested.clock)
            with tempfile.TemporaryDirectory() as folder:
                result = train(
                    prepared.ground.training,
                    network=config.network,
                    loss=config.loss,
                    trainer=config.trainer,
                    name=network,
                    seed=config.seed,
                    clock=ingested.clock,
                    folder=Path(folder),
                    validation=prepared.half_a,
                )
            finite = all(
                math.isfinite(row[name]) for row in result.history for name in ("loss/generator", "loss/critic")
            )
            last = result.history[-1]
            after = (last["tripwire/popularity_ratio"], last["tripwire/cooccurrence_distance"])
            better = abs(after[0] - 1) < abs(before[0] - 1) and after[1] < before[1]
            worse += not (finite and better)
            verdict = "" if finite and better else "  NOT BETTER" if finite else "  NOT FINITE"
            print(
                f"{network:16}{loss:16}{before[0]:12.3f} → {after[0]:7.3f}{before[1]:16.3f} → {after[1]:7.3f}"
                f"{time.perf_counter() - start:9.1f}{verdict}",
                flush=True,
            )
    return 1 if worse else 0


def _realism_at_start(config, training, half_a: tuple[Posed, ...], clock: Clock) -> tuple[float, float]:
    """Popularity ratio and co-occurrence distance of the generator that training starts from."""
    from lightning_modules.build import build
    from lightning_modules.conditions import EpisodeTensors
    from lightning_modules.tripwires import Tripwires

    catalogue = catalogue_of(training, config.network.item_dimensions, config.seed, clock)
    generator, critic = build(config.network, catalogue, seed=config.seed)
    warm = EpisodeTensors(episodes_of(training.episodes, catalogue, clock), window=config.trainer.window)
    held = [posed for posed in half_a if posed.targets.nnz]
    held_out = EpisodeTensors(episodes_of(held, catalogue, clock), window=config.trainer.window)
    popularity = np.exp(catalogue.log_popularity.astype(np.float64))
    watch = Tripwires(warm, held_out, popularity, users=config.trainer.tripwire_users, seed=0)
    figures = watch.measure(generator.eval(), critic.eval())
    return figures["tripwire/popularity_ratio"], figures["tripwire/cooccurrence_distance"]


if __name__ == "__main__":
    sys.exit(main())
