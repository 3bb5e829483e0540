"""What a comparison of challenger and champion says; small, so that pages and terminals can show it without torch."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from tasks.evaluation.statistics import Gain

K = 10
"""Length of the lists that are judged."""
MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Row:
    """Both models at one number of shots.

    Attributes:
        shots: ``0`` … ``all``, or ``mean`` over those from 1 on.
        champion: Mean of NDCG@10 over users.
        challenger: The same.
        low: Lower bound of the difference's 95 % interval; of the relative one at ``mean``.
        high: Upper bound.
        users: Users with something to find.

    """

    shots: str
    champion: float
    challenger: float
    low: float
    high: float
    users: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What users who are new to both say.

    Attributes:
        rows: By number of shots.
        gain: Challenger ÷ champion − 1 of the mean over s ≥ 1, with its 95 % interval over users.
        margin: What the lower bound must lie above, as a loss.
        users: Users who were asked.

    """

    rows: tuple[Row, ...]
    gain: Gain
    margin: float
    users: int

    @property
    def not_worse(self) -> bool:
        """Whether the challenger may take the champion's place (non-inferiority)."""
        return bool(self.gain.low > -self.margin)

    @property
    def says_nothing(self) -> bool:
        """Whether neither model found anything: no relative difference, and no judgement."""
        return math.isnan(self.gain.value)

    @property
    def undecided(self) -> bool:
        """Whether the interval is too wide to tell: neither not worse, nor worse by more than the margin."""
        return bool(not self.not_worse and self.gain.high > -self.margin)

    def reason(self) -> str:
        """The verdict in words."""
        if self.says_nothing:
            return (
                f"NDCG@{K} of {self.users:,} users new to both cannot be compared: no list of either model holds "
                "anything that they took"
            )
        said = (
            f"NDCG@{K} of {self.users:,} users new to both, mean over s ≥ 1: {_percent(self.gain.value)} "
            f"({_percent(self.gain.low)} … {_percent(self.gain.high)})"
        )
        needed = f"the lower bound must lie above {_percent(-self.margin)}"
        return f"{said}; {needed}, and {'does' if self.not_worse else 'does not'}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Verdict":
        """What ``to_json`` wrote."""
        return cls(tuple(Row(**row) for row in told["rows"]), Gain(**told["gain"]), told["margin"], told["users"])


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %".replace("-", "−").replace("inf", "∞")
