"""How long and on what a network is trained."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TrainerSettings:
    """Length, batches and device of a training.

    Attributes:
        max_epochs: Epochs, ≥ 1; an epoch shows every user once, at one number of shots.
        batch_size: Users per step, ≥ 2.
        min_steps: Steps an epoch has at least, ≥ 1: the users of a small log are shown several times.
        inner_steps: Steps per call of the training loop, 1 … 10; spares overhead, changes no arithmetic.
        window: Latest support items that the attention sees, ≥ 1.
        validate_every: Epochs between two scorings of the validation users, ≥ 1; the last epoch is
            always scored.
        tripwire_users: Generated profiles that the tripwires look at, ≥ 2.
        accelerator: ``auto``, ``cpu``, ``gpu``, or another name that Lightning knows.
        devices: Number of devices, ≥ 1.
        precision: ``32-true``, or ``bf16-mixed``.
        data_on_device: Whether the episodes live on the device that trains, rather than each batch
            being moved there.

    """

    max_epochs: int = 10
    batch_size: int = 256
    min_steps: int = 50
    inner_steps: int = 10
    window: int = 64
    validate_every: int = 1
    tripwire_users: int = 1000
    accelerator: str = "auto"
    devices: int = 1
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    data_on_device: bool = True

    def __post_init__(self) -> None:
        for name in ("max_epochs", "min_steps", "window", "validate_every", "devices"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("batch_size", "tripwire_users"):
            if getattr(self, name) < 2:
                raise ValueError(f"{name} must be at least 2, got {getattr(self, name)}")
        if not 1 <= self.inner_steps <= 10:
            raise ValueError(f"inner_steps must be in 1 … 10, got {self.inner_steps}")
        if self.precision not in ("32-true", "bf16-mixed"):
            raise ValueError(f"precision must be 32-true or bf16-mixed, got {self.precision}")
