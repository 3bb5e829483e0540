import logging

import pytest

from tasks.runs import Home
from tasks.tracking import TrackingSettings, start_run
from tasks.tracking.mlflow_run import MlflowRun


def test_lightning_logs_once_per_epoch_with_the_epoch_as_step(home: Home, settings: TrackingSettings) -> None:
    import pytorch_lightning as lightning
    import torch

    class Tiny(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def training_step(self, batch: torch.Tensor, index: int) -> None:
            for _ in range(2):
                self.optimizers().step()

        def on_train_epoch_end(self) -> None:
            self.log("train/loss_generator", float(self.current_epoch) / 2)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam([self.weight])

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    run = start_run(settings, home, name="tiny", experiment="logger", tags={})
    assert isinstance(run, MlflowRun)
    with run:
        trainer = lightning.Trainer(
            max_epochs=3,
            accelerator="cpu",
            logger=run.epoch_logger(),
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(Tiny(), torch.utils.data.DataLoader(torch.zeros(4, 1), batch_size=1))
        # Training is one stage of the run: it does not end it.
        assert run.store.client.get_run(run.id).info.status == "RUNNING"
        points = run.store.client.get_metric_history(run.id, "train/loss_generator")
    assert [(point.step, point.value) for point in points] == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert set(run.store.client.get_run(run.id).data.metrics) == {"train/loss_generator"}


def test_a_metric_with_an_illegal_name_stops_training_with_its_name(home: Home, settings: TrackingSettings) -> None:
    with start_run(settings, home, name="tiny", experiment="logger", tags={}) as run:
        logger = run.epoch_logger()
        assert logger is not None
        with pytest.raises(ValueError, match="HR@10"):
            logger.log_metrics({"HR@10": 0.5, "epoch": 0}, step=7)
