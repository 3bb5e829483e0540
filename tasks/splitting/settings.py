"""The two ways of splitting users into warm, validation and test."""

from dataclasses import dataclass
from datetime import UTC, datetime


def percentile_of(cut: str) -> float | None:
    """The percentile that a cut such as ``50%`` names, or None where it names a date."""
    return float(cut[:-1]) if cut.strip().endswith("%") else None


def microseconds_of(cut: str) -> int:
    """Microseconds since 1970-01-01 UTC of an ISO date or date-time; UTC where it names no offset."""
    moment = datetime.fromisoformat(cut.strip())
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _check_cut(name: str, cut: str) -> None:
    try:
        percentile = percentile_of(cut)
        if percentile is None:
            microseconds_of(cut)
    except ValueError:
        raise ValueError(
            f"{name} must be a percentile such as 50% or an ISO date such as 2011-06-01, got {cut!r}"
        ) from None
    if percentile is not None and not 0 < percentile < 100:
        raise ValueError(f"{name} must lie between 0% and 100%, got {cut!r}")


@dataclass(frozen=True, slots=True)
class TemporalSplit:
    """Users first seen before the first cut train, those between the cuts validate, the newest test.

    The split does not depend on the seed.

    Attributes:
        first_cut: T1, a percentile of all users' first events (``50%``) or an ISO date or date-time (UTC unless it
            names an offset).
        second_cut: T2, likewise, later than T1.
        burn_in_days: Users first seen in the log's first days may have come before it began: they give no episodes.

    """

    first_cut: str = "50%"
    second_cut: str = "72%"
    burn_in_days: int = 14

    def __post_init__(self) -> None:
        _check_cut("first_cut", self.first_cut)
        _check_cut("second_cut", self.second_cut)
        first, second = percentile_of(self.first_cut), percentile_of(self.second_cut)
        if (first is None) == (second is None):
            in_order = (
                first < second
                if first is not None and second is not None
                else microseconds_of(self.first_cut) < microseconds_of(self.second_cut)
            )
            if not in_order:
                raise ValueError(f"second_cut must be later than first_cut={self.first_cut!r}, got {self.second_cut!r}")
        if self.burn_in_days < 0:
            raise ValueError(f"burn_in_days must not be negative, got {self.burn_in_days}")


@dataclass(frozen=True, slots=True)
class UserHoldoutSplit:
    """Whole users are held out by hash, for logs without times.

    Attributes:
        test_residues: A user is a test user where the hash of the user id modulo 10 is among these, whatever the seed.
        validation_share: Share of the other users, by hash of seed and user id, that validates; in (0, 1).

    """

    test_residues: tuple[int, ...] = (0, 1)
    validation_share: float = 0.25

    def __post_init__(self) -> None:
        if (
            not self.test_residues
            or len(set(self.test_residues)) == 10
            or not set(self.test_residues) <= set(range(10))
        ):
            raise ValueError(f"test_residues must be some, not all, of 0 … 9, got {self.test_residues}")
        if not 0 < self.validation_share < 1:
            raise ValueError(f"validation_share must lie between 0 and 1, got {self.validation_share}")


SplitSettings = TemporalSplit | UserHoldoutSplit
