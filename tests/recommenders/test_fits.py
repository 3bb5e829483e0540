"""Every fit once."""

from dataclasses import dataclass, field

from tasks.domain import Training
from tasks.recommenders.blend import UserKNNCosineBlend
from tasks.recommenders.fits import Fits
from tasks.recommenders.user_knn import UserKNNCosine
from tests.worlds import block_training


@dataclass(frozen=True)
class Counted:
    number: int
    made: list[int] = field(default_factory=list, repr=False)

    def fit(self, training: Training) -> object:
        self.made.append(self.number)
        return object()


def test_equal_settings_are_fitted_once() -> None:
    fits, made = Fits(block_training()), list[int]()
    first = fits.fit(Counted(1, made))
    assert fits.fit(Counted(1, made)) is first
    assert fits.fit(Counted(2, made)) is not first
    assert made == [1, 2]


def test_the_one_not_used_for_longest_goes_first() -> None:
    fits, made = Fits(block_training(), most=2), list[int]()
    for number in (1, 2, 1, 3, 1, 2):
        fits.fit(Counted(number, made))
    assert made == [1, 2, 3, 2]


def test_a_blend_takes_its_base_from_there() -> None:
    fits = Fits(block_training())
    base = fits.fit(UserKNNCosine(neighbours=9))
    for weight in (0.1, 0.7):
        blend = fits.fit(UserKNNCosineBlend(base=UserKNNCosine(neighbours=9), weight=weight))
        assert blend.base is base
