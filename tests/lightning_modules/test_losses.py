import math

import pytest
import torch

from lightning_modules.losses import GanLoss, Hinge, LeastSquares, NonSaturating, Relativistic, WassersteinGp

LOSSES = (NonSaturating(), LeastSquares(), Hinge(), WassersteinGp(), Relativistic())
REAL, FAKE = torch.tensor([[2.0], [-1.0]]), torch.tensor([[0.5], [-3.0]])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


EXPECTED = {
    "NonSaturating": (
        (softplus(-2) + softplus(1) + softplus(0.5) + softplus(-3)) / 2,
        (softplus(-0.5) + softplus(3)) / 2,
    ),
    "LeastSquares": (0.25 * (1 + 4) + 0.25 * (0.25 + 9), 0.25 * (0.25 + 16)),
    "Hinge": ((0 + 2) / 2 + (1.5 + 0) / 2, -(0.5 - 3) / 2),
    "WassersteinGp": ((0.5 - 3) / 2 - (2 - 1) / 2, -(0.5 - 3) / 2),
    "Relativistic": ((softplus(-1.5) + softplus(-2)) / 2, (softplus(1.5) + softplus(2)) / 2),
}


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_values_by_hand(loss: GanLoss) -> None:
    critic, generator = EXPECTED[type(loss).__name__]
    assert loss.critic(real=REAL, fake=FAKE).item() == pytest.approx(critic, rel=1e-6)
    assert loss.generator(real=REAL, fake=FAKE).item() == pytest.approx(generator, rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_swapped_arguments_give_another_value_and_positions_are_refused(loss: GanLoss) -> None:
    assert loss.critic(real=FAKE, fake=REAL).item() != pytest.approx(loss.critic(real=REAL, fake=FAKE).item())
    with pytest.raises(TypeError):
        loss.critic(REAL, FAKE)  # type: ignore[misc]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_direction_of_the_gradient(loss: GanLoss) -> None:
    # Inside every hinge: a critic must push real logits up and fake ones down, a generator fake ones up.
    real, fake = torch.tensor([[0.1]], requires_grad=True), torch.tensor([[0.2]], requires_grad=True)
    loss.critic(real=real, fake=fake).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert real.grad.item() < 0 < fake.grad.item()
    fake.grad = None
    loss.generator(real=real.detach(), fake=fake).backward()
    assert fake.grad.item() < 0


def test_losses_stay_finite_for_confident_critics() -> None:
    for loss in LOSSES:
        for real, fake in ((1e4, -1e4), (-1e4, 1e4)):
            logits = torch.tensor([[real]]), torch.tensor([[fake]])
            assert torch.isfinite(loss.critic(real=logits[0], fake=logits[1]))
            assert torch.isfinite(loss.generator(real=logits[0], fake=logits[1]))


def linear(slope: float):
    weight = torch.tensor([[3.0 * slope], [4.0 * slope]], requires_grad=True)
    return weight, lambda profiles: profiles @ weight


def test_gradient_penalties_of_a_linear_critic() -> None:
    # ∇D = (3, 4) · slope everywhere, its norm 5 · slope.
    real, fake, mixing = torch.randn(6, 2), torch.randn(6, 2), torch.rand(6, 1)
    _, critic = linear(1.0)
    for loss, expected in ((WassersteinGp(10.0), 10 * 16.0), (Relativistic(0.5), 0.25 * 50.0)):
        penalty = loss.penalty(critic, real=real, fake=fake, mixing=mixing)
        assert penalty is not None
        assert penalty.item() == pytest.approx(expected, rel=1e-5)
    _, short = linear(0.1)  # norm 0.5: below 1 counts as much as above
    penalty = WassersteinGp(1.0).penalty(short, real=real, fake=fake, mixing=mixing)
    assert penalty is not None
    assert penalty.item() == pytest.approx(0.25, rel=1e-4)


def test_penalties_reach_the_critic_and_can_be_switched_off() -> None:
    real, fake, mixing = torch.randn(6, 2), torch.randn(6, 2), torch.rand(6, 1)
    for loss in (WassersteinGp(), Relativistic()):
        weight, critic = linear(1.0)
        penalty = loss.penalty(critic, real=real, fake=fake, mixing=mixing)
        assert penalty is not None
        penalty.backward()
        assert weight.grad is not None
        assert (weight.grad > 0).all()
    for off in (WassersteinGp(0.0), Relativistic(0.0), NonSaturating(), Hinge(), LeastSquares()):
        assert off.penalty(linear(1.0)[1], real=real, fake=fake, mixing=mixing) is None


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Hinge(0.0), "margin"),
        (lambda: Relativistic(-1.0), "gamma"),
        (lambda: WassersteinGp(float("nan")), "gradient_penalty"),
    ],
)
def test_settings_out_of_range_are_named(make, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        make()
