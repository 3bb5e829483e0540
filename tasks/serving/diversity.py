"""Lists that do not say the same thing k times: maximal marginal relevance (Carbonell and Goldstein 1998)."""

import numpy as np
from numpy.typing import NDArray


def diversified(
    scores: NDArray[np.floating], vectors: NDArray[np.floating], k: int, diversity: float
) -> NDArray[np.int64]:
    """Which candidates to list, in order.

    One after the other, the candidate of largest (1 − d) · relevance − d · (largest cosine with what is listed).
    Relevance is the score in units of the candidates' range, 0 … 1; of equal ones the earlier is taken.

    Args:
        scores: Of n candidates, best first, (n,).
        vectors: Of the same, (n, D); a vector of zeros is like nothing.
        k: Length of the list.
        diversity: d, 0 (by score alone) … 1.

    Returns:
        Positions among the candidates, int64 (min(k, n),).

    """
    count = len(scores)
    spread = float(scores[0] - scores[-1]) if count else 0.0
    relevance = (scores - scores[-1]) / spread if spread > 0 else np.ones(count)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros(vectors.shape), where=lengths > 0)
    alike = np.full(count, -np.inf)
    left = np.ones(count, dtype=np.bool_)
    listed = np.zeros(min(k, count), dtype=np.int64)
    for place in range(len(listed)):
        penalty = alike if place else np.zeros(count)
        marginal = np.where(left, (1 - diversity) * relevance - diversity * penalty, -np.inf)
        best = int(marginal.argmax())
        listed[place], left[best] = best, False
        alike = np.maximum(alike, unit @ unit[best])
    return listed
