"""Alternating least squares with side information: features of users and items predict their factors.

A ridge regression of the warm users' factors on their features gives a prior for new users, as in feature-based
matrix factorisation (Agarwal and Chen 2009, regression-based latent factor models), here in two steps. The fold-in
starts at that prior, so that users without any event are served by their features. Factors of rare items are
drawn to what the features of items predict in the same way.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from tasks.domain import NewUsers, Provenance, Training, UserFeatures
from tasks.features.item_vectors import feature_matrix
from tasks.features.ridge import ridge_regression
from tasks.recommenders.blend import Blend, FittedBlend
from tasks.recommenders.ials import IALS, FittedIALS


@dataclass(eq=False)
class FittedFeatureIALS(FittedIALS):
    """Item factors, and a map from user features to user factors.

    Attributes:
        widths: int32 (F,), codes known per class column, 1 … width; others count as unknown.
        from_features: float32 (D, K), the columns of ``user_design``.

    """

    serves_without_events: ClassVar[bool] = True

    widths: NDArray[np.int32]
    from_features: NDArray[np.float32]

    def prior(self, users: NewUsers) -> NDArray[np.float64]:
        """Factors as the users' features predict them, 0 where nothing is known of a user: (B, K).

        Raises:
            ValueError: The features have other columns than those of the warm users.

        """
        features, numbers = users.features, self.from_features.shape[0] - 1 - int(self.widths.sum())
        found = (features.categories.shape[1], features.numbers.shape[1])
        if found == (0, 0):
            return np.zeros((len(users), self.from_features.shape[1]))
        if found != (len(self.widths), numbers):
            raise ValueError(
                f"expected {len(self.widths)} user categories and {numbers} numbers, got {found[0]} and {found[1]}"
            )
        return np.asarray(user_design(features, self.widths) @ self.from_features.astype(np.float64))


def user_design(features: UserFeatures, widths: NDArray[np.int32]) -> csr_array:
    """Features as regressors: whether anything is known, one column per class, numbers; CSR float64 (U, D)."""
    users = len(features.categories)
    codes = np.where((features.categories > 0) & (features.categories <= widths), features.categories, 0)
    known = (codes > 0).any(axis=1) | (features.numbers != 0).any(axis=1)
    blocks = [csr_array(known[:, None].astype(np.float64))]
    for column, width in zip(codes.T, widths, strict=True):
        held = np.flatnonzero(column)
        blocks.append(csr_array((np.ones(len(held)), (held, column[held] - 1)), shape=(users, int(width))))
    blocks.append(csr_array(features.numbers, dtype=np.float64))
    return csr_array(hstack(blocks, format="csr"))


@dataclass(frozen=True)
class FeatureIALS(IALS):
    """Settings of alternating least squares with side information: those of ``IALS``, and what is below.

    Attributes:
        user_ridge: Penalty of the map from user features, in users, above 0.
        item_ridge: Penalty of the map from item features, in items, above 0.
        item_shrink: Number of users at which an item's own factors and those of its features weigh the same, at
            least 0; 0 leaves item features out.

    """

    user_ridge: float = 10.0
    item_ridge: float = 10.0
    item_shrink: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.user_ridge > 0 and self.item_ridge > 0):
            raise ValueError(f"user_ridge and item_ridge must be above 0, got {self.user_ridge} and {self.item_ridge}")
        if not 0 <= self.item_shrink < float("inf"):
            raise ValueError(f"item_shrink must be at least 0, got {self.item_shrink}")

    def fit(self, training: Training) -> FittedFeatureIALS:
        """Factorise warm behaviour, virtual users included, and learn what features say of the factors."""
        histories, features = training.warm.histories, training.user_features
        user_factors, item_factors = self.factorise(training)
        widths = features.categories.max(axis=0, initial=0).astype(np.int32)
        design, ones = user_design(features, widths), np.ones(len(user_factors))
        return FittedFeatureIALS(
            provenance=Provenance.of("feature_ials", histories.users, histories.times),
            item_factors=self._with_features(item_factors, training),
            regularization=self.regularization,
            alpha=self.alpha,
            fallback=self.fallback.order(training),
            widths=widths,
            from_features=_regress(design, user_factors, ones, self.user_ridge),
        )

    def _with_features(self, factors: NDArray[np.float32], training: Training) -> NDArray[np.float32]:
        """Item factors (I, K), those of items with few users drawn to what their features predict."""
        design = feature_matrix(training.item_features)
        if self.item_shrink == 0 or design.shape[1] == 0:
            return factors
        users = np.bincount(training.behaviour().indices, minlength=training.n_items).astype(np.float64)
        # Items everybody knows must not decide the map alone.
        predicted = design @ _regress(design, factors, np.sqrt(users), self.item_ridge)
        own = (users / (users + self.item_shrink))[:, None]
        return (own * factors + (1 - own) * predicted).astype(np.float32)


def _regress(
    design: csr_array, factors: NDArray[np.float32], weights: NDArray[np.float64], penalty: float
) -> NDArray[np.float32]:
    return ridge_regression(design, factors.astype(np.float64), weights, penalty).astype(np.float32)


@dataclass(eq=False)
class FittedFeatureIALSBlend(FittedBlend):
    """The blend; what features say counts without events, too."""

    serves_without_events: ClassVar[bool] = True


@dataclass(frozen=True)
class FeatureIALSBlend(Blend):
    """Alternating least squares with side information, blended with popularity."""

    base: FeatureIALS = field(default_factory=FeatureIALS)

    def fit(self, training: Training) -> FittedFeatureIALSBlend:
        """Fit the base and the prior."""
        blend = super().fit(training)
        return FittedFeatureIALSBlend(blend.provenance, blend.base, blend.prior, blend.fade)
