import dataclasses
import logging
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_modules.errors import DivergedError
from lightning_modules.fit import FitResult, fit_generator
from lightning_modules.losses import GanLoss, Hinge, LeastSquares, NonSaturating, Relativistic, WassersteinGp
from lightning_modules.networks import ArticleFormula, ArticleLstm, Conditional, Generator, Network
from tests.lightning_modules.worlds import SMALL, block_catalogue, block_episodes

NETWORKS = (ArticleFormula(hidden=4), ArticleLstm(noise_dimensions=5), Conditional(item_dimensions=8, width=16))
LOSSES = (NonSaturating(), LeastSquares(), Hinge(), WassersteinGp(), Relativistic())
TINY = NETWORKS[2]


def fit(folder: Path, network: Network = TINY, loss: GanLoss = LOSSES[4], settings=SMALL, **more) -> FitResult:
    arguments = {"seed": 1, "folder": folder} | more
    return fit_generator(
        block_episodes(), block_episodes(seed=1), block_catalogue(), network, loss, settings, **arguments
    )


def weights(result: FitResult) -> dict[str, bytes]:
    state = torch.load(result.last, weights_only=True)["state_dict"]
    return {name: tensor.numpy().tobytes() for name, tensor in state.items()}


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: type(network).__name__)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_every_network_trains_under_every_loss(network: Network, loss: GanLoss, tmp_path: Path) -> None:
    result = fit(tmp_path, network, loss)
    assert [figures["epoch"] for figures in result.history] == [0, 1]
    for figures in result.history:
        assert all(math.isfinite(value) for value in figures.values()), figures
        assert {"loss/generator", "loss/critic", "critic/accuracy_real", "gradient/critic"} <= set(figures)
        assert figures["tripwire/support_overlap"] == 0
    assert result.last.exists()
    assert result.best.exists()


def test_seeds_reproduce_bytes_and_other_seeds_do_not(tmp_path: Path) -> None:
    first, second = weights(fit(tmp_path / "a")), weights(fit(tmp_path / "b"))
    assert first == second
    assert weights(fit(tmp_path / "c", seed=2)) != first


def test_inner_steps_change_no_arithmetic(tmp_path: Path) -> None:
    one = dataclasses.replace(SMALL, inner_steps=1)
    assert weights(fit(tmp_path / "a")) == weights(fit(tmp_path / "b", settings=one))


def test_resume_equals_an_uninterrupted_training(tmp_path: Path) -> None:
    long = dataclasses.replace(SMALL, max_epochs=4)
    whole = fit(tmp_path / "whole", settings=long, score=_score, monitor="figure")
    fit(tmp_path / "parts", score=_score, monitor="figure")
    resumed = fit(tmp_path / "parts", settings=long, score=_score, monitor="figure")
    assert weights(whole) == weights(resumed)
    assert whole.history == resumed.history
    assert whole.best.exists()
    assert torch.load(whole.best, weights_only=True)["epoch"] == torch.load(resumed.best, weights_only=True)["epoch"]
    finished = fit(tmp_path / "parts", settings=long)  # nothing left to do
    assert finished.history == whole.history
    fresh = fit(tmp_path / "parts", settings=long, resume=False)
    assert weights(fresh) == weights(whole)


def _score(generator: Generator) -> dict[str, float]:
    return {"figure": float(sum(weight.sum() for weight in generator.parameters()))}


KILLED = """
import dataclasses, sys
from pathlib import Path
from pytorch_lightning import Callback
from tests.lightning_modules.test_fit import SMALL, fit
class Slow(Callback):
    def on_train_epoch_start(self, trainer, module):
        if trainer.current_epoch == 2:
            print("third epoch", flush=True)
            import time; time.sleep(60)
fit(Path(sys.argv[1]), settings=dataclasses.replace(SMALL, max_epochs=4), callbacks=[Slow()])
"""


def test_kill_in_the_middle_and_the_same_call_again(tmp_path: Path) -> None:
    long = dataclasses.replace(SMALL, max_epochs=4)
    whole = fit(tmp_path / "whole", settings=long)
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "killed")],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())},
    ) as process:
        assert process.stdout is not None
        line, limit = "", time.monotonic() + 120
        while "third epoch" not in line and time.monotonic() < limit:
            line = process.stdout.readline()
            assert line or process.poll() is None, "the training ended before its third epoch"
        process.send_signal(signal.SIGKILL)
    resumed = fit(tmp_path / "killed", settings=long)
    assert len(resumed.history) == 4
    assert weights(resumed) == weights(whole)


def test_the_best_epoch_is_the_one_that_scores_best(tmp_path: Path) -> None:
    figures = iter([0.1, 0.9, 0.5])
    settings = dataclasses.replace(SMALL, max_epochs=3)
    result = fit(tmp_path, settings=settings, score=lambda _: {"ndcg": next(figures)}, monitor="ndcg")
    best = torch.load(result.best, weights_only=True)
    assert best["epoch"] == 1
    assert [row["ndcg"] for row in result.history] == [0.1, 0.9, 0.5]
    average = best["state_dict"]["average.decoder.0.bias"]
    assert torch.equal(result.generator.decoder[0].bias, average)


def test_a_score_without_the_monitored_figure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ndcg"):
        fit(tmp_path, score=lambda _: {"hit_rate": 1.0}, monitor="ndcg")


@pytest.mark.parametrize("name", ["numbers", "item_vectors"])
def test_a_nan_in_a_loss_is_a_clear_error(name: str, tmp_path: Path) -> None:
    episodes, network = block_episodes(), TINY
    if name == "numbers":
        episodes = dataclasses.replace(episodes, numbers=np.full_like(episodes.numbers, np.nan))
    else:
        network = dataclasses.replace(TINY, objective=dataclasses.replace(TINY.objective, generator_rate=1e30))
    with pytest.raises(DivergedError, match=r"loss/generator.* not finite in epoch 0"):
        fit_generator(episodes, None, block_catalogue(), network, LOSSES[4], SMALL, seed=0, folder=tmp_path)
    assert not (tmp_path / "last.ckpt").exists()


def test_an_alarm_is_a_warning_once_and_a_count_at_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # Without noise in the decoder the draws of one user are alike.
    silent = dataclasses.replace(TINY, objective=dataclasses.replace(TINY.objective, mode_seeking=0.0))

    class Silent:
        objective, item_dimensions, side_features = silent.objective, 8, True

        def build(self, catalogue):
            generator, critic = silent.build(catalogue)
            decode = generator.decode
            generator.decode = lambda condition, noise: decode(condition, noise * 0)
            return generator, critic

    with caplog.at_level(logging.WARNING, logger="lightning_modules.tripwires"):
        result = fit(tmp_path, Silent(), settings=dataclasses.replace(SMALL, max_epochs=3))
    first, last = [record.message for record in caplog.records if "tripwire/draw_distance" in record.message]
    assert first.startswith("epoch 0: tripwire/draw_distance is 0, expected at least 0.01")
    assert last == "tripwire/draw_distance was outside its bounds (at least 0.01) in 3 of 3 epochs, last at 0"
    assert [row["tripwire/draw_distance"] for row in result.history] == [0, 0, 0]


def test_training_leaves_the_global_generator_alone(tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    fit(tmp_path)
    assert torch.equal(torch.rand(3), expected)
