import numpy as np

from tasks.serving.diversity import diversified

VECTORS = np.array([[1.0, 0.0], [2.0, 0.0], [0.6, 0.8], [0.0, 3.0]])
SCORES = np.array([10.0, 9.0, 6.0, 0.0])


def test_by_hand() -> None:
    """Relevance 1, .9, .6, 0; cosines with the first 1, 1, .6, 0.

    At d = .5 the second place weighs .45 − .5, .3 − .3 and 0 − 0: equal, so the earlier, candidate 2. Cosines with
    what is listed are then 1 for candidate 1 and .8 for candidate 3: −.05 against −.4.
    """
    assert diversified(SCORES, VECTORS, 4, 0.5).tolist() == [0, 2, 1, 3]


def test_the_ends() -> None:
    assert diversified(SCORES, VECTORS, 4, 0.0).tolist() == [0, 1, 2, 3]
    assert diversified(SCORES, VECTORS, 3, 1.0).tolist() == [0, 3, 2]
    assert diversified(SCORES, VECTORS, 9, 0.3).tolist()[0] == 0
    assert diversified(SCORES[:0], VECTORS[:0], 3, 0.5).tolist() == []
    assert diversified(np.ones(3), np.zeros((3, 2)), 2, 0.5).tolist() == [0, 1]
