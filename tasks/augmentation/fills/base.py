"""What every placebo fill offers."""

from typing import Protocol

from tasks.augmentation.generator import ProfileGenerator
from tasks.domain import Provenance, Training


class FittedFill(ProfileGenerator, Protocol):
    """A profile generator that was fitted on warm users without adversarial training."""

    @property
    def provenance(self) -> Provenance:
        """The users and times it was fitted on."""
        ...


class Fill(Protocol):
    """Settings of a fill: a frozen dataclass, built from ``conf/fill/<name>.yaml``."""

    def fit(self, training: Training) -> FittedFill:
        """Fit on warm users; virtual users that ``training`` may carry are not looked at."""
        ...
