"""Steps per second of our training against a bare PyTorch loop with the same arithmetic.

Usage: python -m benchmarks.training [--device cuda] [--widths 64 10000] [--rounds 5] [--clock cpu]

Both train the article's listing (an LSTM generator, an MLP critic) with the non-saturating loss, fused
Adam for both players, clipped gradients and a moving average of the generator, on batches of 256 users
cut from the same ragged profiles. Runs alternate; the figure is the ratio of the medians.
"""

import argparse
import dataclasses
import logging
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from pytorch_lightning import Callback
from scipy.sparse import csr_array
from torch.nn.functional import softplus

from lightning_modules.build import build
from lightning_modules.catalogue import Catalogue
from lightning_modules.conditions import Episodes
from lightning_modules.ema import frozen_copy
from lightning_modules.fit import fit_generator
from lightning_modules.losses import NonSaturating
from lightning_modules.networks import ArticleLstm
from lightning_modules.trainer_settings import TrainerSettings

BATCH, FLOOR = 256, 0.90
# Without the blur of the critic's input, which only adds to the arithmetic of both.
NETWORK = dataclasses.replace(ArticleLstm(), objective=dataclasses.replace(ArticleLstm().objective, instance_noise=0.0))
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def world(width: int, users: int, seed: int = 0) -> tuple[Episodes, Catalogue]:
    """Users with 1 to 20 items each, popular items more often."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 21, users)
    shares = 1.0 / np.arange(1, width + 1)
    shares /= shares.sum()
    items = random.choice(width, lengths.sum(), p=shares).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    nothing = np.zeros(0, dtype=np.float32)
    episodes = Episodes(
        n_items=width,
        support_indptr=np.zeros(users + 1, dtype=np.int64),
        support_items=np.zeros(0, dtype=np.int32),
        support_gaps=nothing,
        support_weights=nothing,
        shots=np.zeros(users, dtype=np.int64),
        categories=np.zeros((users, 0), dtype=np.int64),
        numbers=np.zeros((users, 0), dtype=np.float32),
        calendar=np.zeros((users, 0), dtype=np.float32),
        targets=csr_array((np.ones(len(items), dtype=np.float32), items, indptr), shape=(users, width)),
        group=np.arange(users, dtype=np.int64),
    )
    return episodes, Catalogue(width, np.zeros((width, 0), dtype=np.float32), np.log(shares).astype(np.float32))


def bare_loop(episodes: Episodes, catalogue: Catalogue, epochs: int, device: torch.device, clock: str) -> float:
    """Steps per second of the last epoch of a loop that does nothing else."""
    settings = NETWORK
    objective = settings.objective
    generator, critic = (module.to(device) for module in build(settings, catalogue, seed=0))
    average = frozen_copy(generator)
    players = [list(generator.parameters()), list(critic.parameters())]
    averaged = list(average.parameters())
    optimizers = [
        torch.optim.Adam(players[0], objective.generator_rate, objective.betas, fused=True),
        torch.optim.Adam(players[1], objective.critic_rate, objective.betas, fused=True),
    ]
    starts = torch.from_numpy(episodes.targets.indptr[:-1].astype(np.int64)).to(device)
    lengths_host = np.diff(episodes.targets.indptr).astype(np.int64)
    lengths = torch.from_numpy(lengths_host).to(device)
    items = torch.from_numpy(episodes.targets.indices.astype(np.int64)).to(device)
    random, steps, speed = np.random.default_rng(0), len(episodes) // BATCH, 0.0
    for _ in range(epochs):
        order = random.permutation(len(episodes))
        losses = torch.zeros(2, device=device)
        _wait(device)
        started = CLOCKS[clock]()
        for step in range(steps):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            rows = torch.from_numpy(chosen).to(device)
            counts = lengths[rows]
            row = torch.repeat_interleave(
                torch.arange(BATCH, device=device), counts, output_size=int(lengths_host[chosen].sum())
            )
            entry = torch.arange(len(row), device=device) + (starts[rows] - (counts.cumsum(0) - counts))[row]
            real = torch.zeros((BATCH, episodes.n_items), device=device)
            real[row, items[entry]] = 1.0
            fake = generator.decode(None, torch.randn((BATCH, generator.noise_dimensions), device=device))
            critic_loss = softplus(-critic.judge(None, real)[0]).mean()
            critic_loss = critic_loss + softplus(critic.judge(None, fake.detach())[0]).mean()
            optimizers[1].zero_grad(set_to_none=True)
            critic_loss.backward(inputs=players[1])
            torch.nn.utils.clip_grad_norm_(players[1], objective.clip)
            optimizers[1].step()
            generator_loss = softplus(-critic.judge(None, fake)[0]).mean()
            optimizers[0].zero_grad(set_to_none=True)
            generator_loss.backward(inputs=players[0])
            torch.nn.utils.clip_grad_norm_(players[0], objective.clip)
            optimizers[0].step()
            with torch.no_grad():
                torch._foreach_lerp_(averaged, players[0], 1 - objective.ema)
            losses += torch.stack([generator_loss.detach(), critic_loss.detach()])
        _wait(device)
        speed = steps / (CLOCKS[clock]() - started)
    return speed


class Stopwatch(Callback):
    """Times the steps of each epoch; what follows them (measures, checkpoints) is not timed."""

    def __init__(self, device: torch.device, clock: str) -> None:
        self.device, self.clock, self.speed = device, CLOCKS[clock], 0.0

    def on_train_epoch_start(self, trainer, module) -> None:
        """Starts the clock."""
        _wait(self.device)
        self.started = self.clock()

    def on_train_epoch_end(self, trainer, module) -> None:
        """Stops it."""
        _wait(self.device)
        self.speed = module.plan.steps / (self.clock() - self.started)


def ours(episodes: Episodes, catalogue: Catalogue, epochs: int, device: torch.device, clock: str) -> float:
    """Steps per second of the last epoch of ``fit_generator``."""
    settings = TrainerSettings(
        max_epochs=epochs, batch_size=BATCH, min_steps=1, accelerator=device.type, tripwire_users=2
    )
    watch = Stopwatch(device, clock)
    with tempfile.TemporaryDirectory() as folder:
        fit_generator(
            episodes,
            None,
            catalogue,
            NETWORK,
            NonSaturating(),
            settings,
            seed=0,
            folder=Path(folder),
            callbacks=[watch],
            resume=False,
        )
    return watch.speed


def main() -> None:
    """Prints one line per width."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=0, help="steps per epoch; by default 200, 40 for wide ones")
    parser.add_argument("--clock", default="wall", choices=sorted(CLOCKS), help="cpu: steadier on a busy machine")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    logging.getLogger("lightning_modules").setLevel(logging.ERROR)
    device = torch.device(arguments.device)
    print(f"{torch.get_num_threads()} thread(s) of {os.cpu_count()} cores, torch {torch.__version__}, {device}")
    for width in arguments.widths:
        steps = arguments.steps or (200 if width < 1000 else 40)
        episodes, catalogue = world(width, steps * BATCH)
        speeds: dict[str, list[float]] = {"bare": [], "ours": []}
        for _ in range(arguments.rounds):
            speeds["bare"].append(bare_loop(episodes, catalogue, 2, device, arguments.clock))
            speeds["ours"].append(ours(episodes, catalogue, 2, device, arguments.clock))
        bare, own = (statistics.median(speeds[name]) for name in ("bare", "ours"))
        ratio = own / bare
        verdict = "holds" if ratio >= FLOOR else "MISSED"
        print(
            f"width {width:>6,}: bare {bare:8.1f} steps/s, ours {own:8.1f} steps/s, "
            f"ratio {ratio:.1%} (floor {FLOOR:.0%}: {verdict})"
        )


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
