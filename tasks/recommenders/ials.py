"""Matrix factorisation of implicit feedback by alternating least squares, with new users folded in exactly.

Hu, Koren and Volinsky 2008; fitted by the library ``implicit`` (with the conjugate gradients of Takács, Pilászy and
Tikk 2011). An item in a profile is a preference of 1 with the confidence α · weight; any other item is a preference
of 0 with the confidence 1.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tasks.domain import NewUsers, Provenance, Training
from tasks.recommenders.blend import Blend
from tasks.recommenders.collaborative import CollaborativeFilter, Fallback, Interest, Profiles
from tasks.recommenders.fold_in import ExactFoldIn, weights_at


@dataclass(eq=False)
class FittedIALS(CollaborativeFilter):
    """Item factors; those of users are computed when they come.

    Attributes:
        provenance: The users and times it was fitted on.
        item_factors: float32 (I, K).
        regularization: λ of the fold-in.
        alpha: Confidence per unit of weight.
        fallback: float32 (I,), in (-1, 0].

    """

    provenance: Provenance
    item_factors: NDArray[np.float32]
    regularization: float
    alpha: float
    fallback: NDArray[np.float32]

    def __post_init__(self) -> None:
        self.n_items = len(self.item_factors)
        self.fold_in = ExactFoldIn(self.item_factors, self.regularization, self.alpha)

    def prior(self, users: NewUsers) -> NDArray[np.float64] | None:
        """Factors of the users before any event, (B, K); None for 0."""
        return None

    def interest(self, users: NewUsers) -> Interest:
        """Predicted preferences of one block of users: about 0 … 1, negative ones are left to the fallback.

        Real is what support items (and the prior, if any) carry: factors are linear in what items contribute.
        """
        profiles, prior = Profiles.of(users, self.n_items), self.prior(users)

        def real() -> NDArray[np.float32]:
            contribution = weights_at(profiles.real, profiles.whole)
            return self.fold_in.scores(self.fold_in.factors(profiles.whole, prior, contribution))

        total = self.fold_in.scores(self.fold_in.factors(profiles.whole, prior))
        return Interest(total, None if profiles.are_real else real)


@dataclass(frozen=True)
class IALS:
    """Settings of alternating least squares.

    Attributes:
        factors: K, at least 1.
        regularization: λ, above 0.
        alpha: Confidence per unit of weight, above 0; that of an item that is not touched is 1.
        iterations: Sweeps over users and items, at least 1.
        seed: Of the first factors.
        fallback: Orders what is predicted no preference.

    """

    factors: int = 64
    regularization: float = 10.0
    alpha: float = 10.0
    iterations: int = 15
    seed: int = 0
    fallback: Fallback = field(default_factory=Fallback)

    def __post_init__(self) -> None:
        if self.factors < 1 or self.iterations < 1:
            raise ValueError(f"factors and iterations must be at least 1, got {self.factors} and {self.iterations}")
        if not (0 < self.regularization < float("inf") and 0 < self.alpha < float("inf")):
            raise ValueError(f"regularization and alpha must be above 0, got {self.regularization} and {self.alpha}")

    def factorise(self, training: Training) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """User factors (U, K), virtual users left out again, and item factors (I, K), float32."""
        with warnings.catch_warnings():
            # The loops are implicit's own and run on one thread; it warns of those of BLAS on import and use.
            warnings.filterwarnings("ignore", message=".*BLAS.*", category=RuntimeWarning)
            from implicit.cpu.als import AlternatingLeastSquares  # codespell:ignore als

            model = AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularization,
                alpha=self.alpha,
                iterations=self.iterations,
                random_state=self.seed,
                num_threads=1,  # with several, sums come in another order each time
            )
            model.fit(csr_matrix(training.behaviour()), show_progress=False)
        return model.user_factors[: len(training.warm.histories.users)], model.item_factors

    def fit(self, training: Training) -> FittedIALS:
        """Factorise warm behaviour, virtual users included."""
        histories = training.warm.histories
        return FittedIALS(
            provenance=Provenance.of("ials", histories.users, histories.times),
            item_factors=self.factorise(training)[1],
            regularization=self.regularization,
            alpha=self.alpha,
            fallback=self.fallback.order(training),
        )


@dataclass(frozen=True)
class IALSBlend(Blend):
    """Alternating least squares, blended with popularity."""

    base: IALS = field(default_factory=IALS)
