"""Side features of users: classes as codes, numbers scaled."""

import logging
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import LogRoles, Provenance, UserFeatures
from tasks.errors import DataError
from tasks.features.categories import UNKNOWN, CategoryCodes
from tasks.features.numbers import NumberColumns
from tasks.features.settings import FeatureSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UserEncoder:
    """Encodes user features the same way in training and for users who come later.

    Attributes:
        categories: Codes of the F columns that hold classes.
        numbers: The columns that hold numbers.
        provenance: The users it was fitted on.

    """

    categories: tuple[CategoryCodes, ...]
    numbers: NumberColumns
    provenance: Provenance

    @classmethod
    def fit(
        cls,
        users: pl.DataFrame,
        roles: LogRoles,
        settings: FeatureSettings,
        *,
        rows: NDArray[np.integer] | None = None,
        times: NDArray[np.int64] | None = None,
    ) -> "UserEncoder":
        """Fit to warm users.

        Args:
            users: One row per warm user with the columns that ``roles`` names, values at the user's first event.
            roles: Which columns hold classes and which numbers.
            settings: Scaling, and which classes are too rare.
            rows: int32 (U,), rows of ``EventLog.users``, for the record of what was seen; by default 0 … U − 1.
            times: int64 (n,), times of the rows seen, in microseconds, for the same record; None without times.

        Raises:
            DataError: A column that ``roles`` names is missing.

        """
        for column in roles.user_categories + roles.user_numbers:
            if column not in users.columns:
                raise DataError(
                    f"user feature {column!r} is configured, but the users have only the columns {users.columns}: "
                    "correct the dataset's user columns"
                )
        seen = np.arange(users.height) if rows is None else rows
        return cls(
            tuple(
                CategoryCodes.fit(users.get_column(name), settings.rarest_category) for name in roles.user_categories
            ),
            NumberColumns.fit(users, roles.user_numbers, settings.scaling, settings.clip),
            Provenance.of("user_features", seen, times),
        )

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of codes per class column, the unknown included, length F."""
        return tuple(column.cardinality for column in self.categories)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the raw columns it reads."""
        return tuple(column.column for column in self.categories) + self.numbers.columns

    def transform(self, users: pl.DataFrame) -> UserFeatures:
        """Encode the rows of ``users``: categories int32 (U, F) and numbers float32 (U, N).

        A column that is absent is unknown for everyone (said in the log); other columns are ignored.
        """
        for column in self.columns:
            if column not in users.columns and users.height:
                logger.warning("user feature %s is not given: unknown for all %d users", column, users.height)
        codes = np.zeros((users.height, len(self.categories)), dtype=np.int32)
        for position, column_codes in enumerate(self.categories):
            if column_codes.column in users.columns:
                codes[:, position] = column_codes.transform(users.get_column(column_codes.column))
        return UserFeatures(codes, self.numbers.transform(users))

    def unknown(self, users: int) -> UserFeatures:
        """Features of users of whom nothing is known."""
        return UserFeatures(
            np.full((users, len(self.categories)), UNKNOWN, dtype=np.int32), self.numbers.scaled(self._missing(users))
        )

    def _missing(self, users: int) -> NDArray[np.float64]:
        return np.full((users, len(self.numbers.columns)), np.nan)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return {
            "categories": [column.to_json() for column in self.categories],
            "numbers": self.numbers.to_json(),
            "provenance": asdict(self.provenance),
        }

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> "UserEncoder":
        """The encoder that ``to_json`` wrote."""
        return cls(
            tuple(CategoryCodes.from_json(column) for column in state["categories"]),
            NumberColumns.from_json(state["numbers"]),
            Provenance(**state["provenance"]),
        )
