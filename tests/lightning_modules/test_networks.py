import dataclasses

import numpy as np
import pytest
import torch

from lightning_modules.candidates import choose_candidates
from lightning_modules.conditions import EpisodeTensors
from lightning_modules.networks import ArticleFormula, ArticleLstm, Conditional, Network
from lightning_modules.networks.joint_fit import joint_fit
from lightning_modules.sampling import draw
from tests.lightning_modules.worlds import block_catalogue, block_episodes

NETWORKS = (ArticleFormula(hidden=4), ArticleLstm(noise_dimensions=5), Conditional(item_dimensions=8, width=16))


@pytest.fixture
def batch():
    return EpisodeTensors(block_episodes()).batch(np.array([0, 5, 64, 69, 127]))


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: type(network).__name__)
def test_shapes(network: Network, batch) -> None:
    generator, critic = network.build(block_catalogue())
    noise = torch.randn(5, generator.noise_dimensions)
    scores = generator.scores(generator.decode(generator.condition(batch), noise), batch)
    log_probabilities = generator.log_probabilities(scores, batch)
    assert scores.shape == log_probabilities.shape == (5, 30)
    assert torch.allclose(log_probabilities.exp().sum(1), torch.ones(5), atol=1e-5)
    assert (log_probabilities.exp()[batch.support_rows, batch.support_items] == 0).all()
    fakes, reals = generator.fakes(scores, log_probabilities, torch.rand(5, 32), batch), generator.reals(batch)
    assert fakes.shape == reals.shape
    logits, features = critic(batch, fakes)
    assert logits.shape == (5, 1)
    assert features.shape[0] == 5
    fakes.sum().backward()
    assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in generator.parameters())


def test_formula_generator_to_the_letter() -> None:
    generator, _ = ArticleFormula(hidden=4).build(block_catalogue())
    weight, bias = generator.weight.detach().double().numpy(), np.linspace(-1, 1, 4)
    generator.bias.data = torch.from_numpy(bias).float()
    z = np.random.default_rng(0).normal(size=30)
    expected = z + weight @ (1 / (1 + np.exp(-(bias + weight.T @ z))))
    found = generator.transform(torch.from_numpy(z[None]).float())[0].detach().numpy()
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_formula_critic_to_the_letter(batch) -> None:
    _, critic = ArticleFormula().build(block_catalogue())
    critic.weight.data, critic.bias.data = torch.randn(30), torch.tensor([0.3])
    profiles = torch.randn(5, 30)
    logits, _ = critic(batch, profiles)
    by_hand = [0.3 + sum(float(w) * float(x) for w, x in zip(critic.weight, row, strict=True)) for row in profiles]
    assert torch.sigmoid(logits)[:, 0].tolist() == pytest.approx([1 / (1 + np.exp(-x)) for x in by_hand], rel=1e-4)


def test_lstm_layers_are_those_of_the_listing() -> None:
    generator, critic = ArticleLstm(noise_dimensions=7).build(block_catalogue())
    shapes = {name: tuple(weight.shape) for name, weight in generator.named_parameters() if "weight" in name}
    assert shapes == {
        "before.0.weight": (256, 7),
        "before.2.weight": (512, 256),
        "lstm.weight_ih_l0": (4 * 128, 512),
        "lstm.weight_hh_l0": (4 * 128, 128),
        "after.0.weight": (512, 128),
        "after.2.weight": (30, 512),
    }
    assert [tuple(w.shape) for n, w in critic.named_parameters() if "weight" in n] == [(256, 30), (512, 256), (1, 512)]


def test_article_networks_look_at_nothing_but_noise(batch) -> None:
    for network in NETWORKS[:2]:
        generator, critic = network.build(block_catalogue())
        assert generator.condition(batch) is None
        assert critic.condition(batch) is None


@pytest.mark.parametrize(
    ("learn_items", "per_item"), [(False, set()), (True, {"items.vectors", "item_bias"})], ids=["fixed", "learned"]
)
def test_no_layer_of_the_conditional_network_grows_with_the_catalogue(learn_items: bool, per_item: set[str]) -> None:
    settings = Conditional(item_dimensions=8, width=16, learn_items=learn_items)
    sizes = [
        {n: w.numel() for n, w in settings.build(block_catalogue(items))[0].named_parameters()} for items in (30, 300)
    ]
    growing = {name for name in sizes[0] if sizes[0][name] != sizes[1][name]}
    assert growing == per_item  # one row per item, no layer


def test_recent_popularity_reaches_the_conditional_scores(batch) -> None:
    recent = np.zeros((30, 2), dtype=np.float32)
    quiet = dataclasses.replace(block_catalogue(), log_recent=recent)
    recent = recent.copy()
    recent[4, 1] = 3.0
    rising = dataclasses.replace(block_catalogue(), log_recent=recent)
    scores = []
    for catalogue in (quiet, rising):
        torch.manual_seed(0)
        generator, _ = Conditional(item_dimensions=8, width=16).build(catalogue)
        generator.eval()
        latent = generator.decode(generator.condition(batch), torch.zeros(batch.size, generator.noise_dimensions))
        scores.append(generator.scores(latent, batch))
    changed = (scores[1] - scores[0]).abs()
    assert bool((changed[:, 4] > 1e-4).all())


def test_without_noise_there_is_one_draw_and_nothing_to_keep_apart(batch) -> None:
    silent = dataclasses.replace(Conditional().objective, mode_seeking=0.0)
    generator, _ = Conditional(item_dimensions=8, width=16, noise_dimensions=0, objective=silent).build(
        block_catalogue()
    )
    drawn = draw(generator.eval(), batch, np.arange(5, dtype=np.uint64), draws=3, seed=0)
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])
    with pytest.raises(ValueError, match=r"mode_seeking must be 0 where noise_dimensions is, got 0\.02"):
        Conditional(noise_dimensions=0)
    with pytest.raises(ValueError, match="width must be at least 1"):
        Conditional(width=0)


def _changed(base, **fields):
    return EpisodeTensors(dataclasses.replace(base, **fields))


def test_everything_known_of_a_user_changes_the_conditional_draws() -> None:
    torch.manual_seed(0)
    generator, _ = Conditional(item_dimensions=8, width=16).build(block_catalogue())
    generator.eval()
    base, rows, ids = block_episodes(), np.arange(64, 128), np.arange(64, dtype=np.uint64)

    def draws(episodes: EpisodeTensors) -> torch.Tensor:
        return draw(generator, episodes.batch(rows), ids, draws=1, seed=0)[0]

    reference = draws(EpisodeTensors(base))
    random = np.random.default_rng(1)
    other = np.concatenate([base.support_items[2:], base.support_items[:2]])
    changes = {
        "support": {"support_items": other},
        "gaps": {"support_gaps": base.support_gaps + 1},
        "weights": {"support_weights": base.support_weights + 1},
        "shots": {"shots": base.shots + 1},
        "categories": {"categories": random.permutation(base.categories)},
        "numbers": {"numbers": random.permutation(base.numbers)},
        "calendar": {"calendar": random.permutation(base.calendar)},
    }
    for name, fields in changes.items():
        assert not torch.allclose(draws(_changed(base, **fields)), reference, atol=1e-7), name
    assert torch.equal(draws(EpisodeTensors(base)), reference)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: type(network).__name__)
def test_a_user_is_drawn_alike_alone_and_among_many_settled_or_not(network: Network) -> None:
    generator, _ = network.build(block_catalogue())
    generator.requires_grad_(False).eval()
    episodes, ids = EpisodeTensors(block_episodes()), np.arange(128, dtype=np.uint64)
    many = draw(generator, episodes.batch(np.arange(128)), ids, draws=3, seed=4)
    weights = {name: value.clone() for name, value in generator.state_dict().items()}
    for _ in range(2):
        for user in (0, 64, 127):
            alone = draw(generator, episodes.batch(np.array([user])), ids[[user]], draws=3, seed=4)
            assert torch.allclose(alone[:, 0], many[:, user], atol=1e-6)
        generator.settle()
    assert torch.allclose(draw(generator, episodes.batch(np.arange(128)), ids, draws=3, seed=4), many, atol=1e-6)
    assert generator.state_dict().keys() == weights.keys()  # what is settled is not saved


def test_joint_fit_is_logsumexp_with_its_gradient() -> None:
    scores = torch.randn(3, 4, 5, dtype=torch.float32, requires_grad=True)
    weights = torch.randn(3, 5)
    (joint_fit(scores) * weights).sum().backward()
    found, scores.grad = scores.grad, None
    (scores.logsumexp(1) * weights).sum().backward()
    assert torch.allclose(joint_fit(scores), scores.logsumexp(1), atol=1e-5)
    assert found is not None
    assert torch.allclose(found, scores.grad, atol=1e-5)


def test_candidates_hold_all_targets_and_stand_for_the_whole_catalogue(batch) -> None:
    targets = set(batch.target_items.tolist())
    estimates = []
    scores = torch.linspace(-1, 1, 30)
    for seed in range(400):
        uniform = torch.rand(30, generator=torch.Generator().manual_seed(seed))
        candidates = choose_candidates(batch, 30, 22, uniform)
        assert targets <= set(candidates.items.tolist())
        assert (candidates.place[candidates.items] == torch.arange(22)).all()
        assert (candidates.place == 22).sum() == 8
        estimates.append((scores[candidates.items] + candidates.log_weight).exp().sum().item())
    assert np.mean(estimates) == pytest.approx(scores.exp().sum().item(), rel=0.01)


def test_settings_out_of_range_are_named() -> None:
    for make, name in (
        (lambda: Conditional(interests=0), "interests"),
        (lambda: ArticleFormula(noise_scale=0), "noise_scale"),
        (lambda: ArticleLstm(noise_dimensions=0), "noise_dimensions"),
        (lambda: dataclasses.replace(Conditional().objective, ema=1.0), "ema"),
        (lambda: dataclasses.replace(Conditional().objective, adversarial=-1), "adversarial"),
    ):
        with pytest.raises(ValueError, match=name):
            make()
