"""The autoencoder: probabilities that are known, the served form beside the trained one, reproducibility."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from tasks.recommenders.mult_vae import MultVAE
from tasks.recommenders.multinomial_vae import MultinomialVAE, _batches, train
from tests.recommenders.conftest import training_of, virtual_of_block
from tests.worlds import block_new_users, block_training

SMALL = {"hidden": 16, "latent": 4, "steps": 20, "batch_users": 50}


def test_the_likeliest_distribution_is_that_of_the_weights() -> None:
    """Everybody holds items 0 and 1 with weights 3 and 1: the multinomial that explains this best is (¾, ¼, 0)."""
    fitted = MultVAE(hidden=16, latent=4, steps=400, learning_rate=0.02).fit(training_of([[3, 1, 0]] * 20))
    profile = csr_array(np.array([[3, 1, 0], [0, 0, 0]], dtype=np.float32))
    found = fitted._decode(profile)
    np.testing.assert_allclose(found[0], [0.75, 0.25, 0], atol=0.03)
    assert (found[1] == 0).all()


def test_serving_is_the_network_without_its_noise() -> None:
    training, users = block_training(), block_new_users().users
    settings = MultVAE(**SMALL)
    network = MultinomialVAE(60, 16, 4)
    trained = train(
        training.behaviour(), **SMALL, learning_rate=0.003, dropout=0.5, kl_weight=settings.kl_weight, seed=0
    )
    network.load_state_dict({name: torch.from_numpy(value) for name, value in trained.items()})
    profiles = users.support(60)
    lengths = np.repeat(np.sqrt(profiles.multiply(profiles).sum(axis=1)), np.diff(profiles.indptr))
    with torch.no_grad():
        network.latent.bias[4:] = -60  # no variance: what is drawn is the mean
        network.latent.weight[4:] = 0
        logits, _ = network(
            torch.from_numpy(profiles.indices.astype(np.int64)),
            torch.from_numpy(profiles.indptr[:-1].astype(np.int64)),
            torch.from_numpy((profiles.data / lengths).astype(np.float32)),
        )
    found = settings.fit(training).interest(users).total
    np.testing.assert_allclose(found, torch.softmax(logits, dim=1).numpy(), rtol=1e-4)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_the_divergence_is_that_of_torch() -> None:
    network = MultinomialVAE(10, 6, 3)
    items, offsets, weights = torch.tensor([0, 4, 7]), torch.tensor([0, 2]), torch.tensor([0.6, 0.8, 1.0])
    _, divergence = network(items, offsets, weights)
    with torch.no_grad():
        first = torch.tanh(network.embedding(items, offsets, per_sample_weights=weights) + network.bias)
        mean, log_variance = network.latent(first).chunk(2, dim=1)
        drawn = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
        expected = torch.distributions.kl_divergence(drawn, torch.distributions.Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(divergence, expected)


def test_the_seed_decides_and_nothing_else_is_touched() -> None:
    behaviour = block_training().behaviour()
    options = {**SMALL, "learning_rate": 0.01, "dropout": 0.5, "kl_weight": 0.2}
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = train(behaviour, **options, seed=1)
    assert torch.equal(torch.rand(3), expected)
    again, other = train(behaviour, **options, seed=1), train(behaviour, **options, seed=2)
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
    assert not np.array_equal(first["output.weight"], other["output.weight"])


def test_every_user_is_seen_as_often() -> None:
    batches = _batches(users=90, size=30, steps=9)
    assert [len(batch) for batch in batches] == [30] * 9
    assert (torch.bincount(torch.cat(batches), minlength=90) == 3).all()
    assert [len(batch) for batch in _batches(users=7, size=30, steps=2)] == [7, 7]
    assert _batches(users=0, size=30, steps=2) == []


def test_training_fits_better_than_popularity() -> None:
    """Mean log-likelihood of what new users take later, among all items."""
    training, posed = block_training(), block_new_users()
    found = MultVAE(hidden=32, latent=8, steps=200).fit(training).interest(posed.users).total
    shares = np.bincount(training.behaviour().indices, minlength=60) / training.behaviour().nnz
    row, item = posed.targets.nonzero()
    assert np.log(found[row, item]).mean() > np.log(shares[item]).mean() + 0.7  # at best log 3 = 1.1 more


def test_real_is_what_the_real_part_says_alone() -> None:
    fitted, users = MultVAE(**SMALL).fit(block_training()), block_new_users().users
    mixed = fitted.interest(users.with_virtual(virtual_of_block(30, 60, 3, shift=1)))
    alone = fitted.interest(users)
    assert alone.real is None
    assert mixed.real is not None
    np.testing.assert_array_equal(mixed.real(), np.minimum(mixed.total, alone.total))


def test_without_any_behaviour_there_is_no_interest() -> None:
    users = block_new_users(shots=0).users
    for training in (block_training(), training_of([[0] * 60] * 4)):
        assert (MultVAE(**SMALL).fit(training).interest(users).total == 0).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"latent": 0}, "latent must be at least 1, got 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1.0"),
        ({"kl_weight": -0.1}, "kl_weight must be at least 0"),
    ],
)
def test_settings_are_checked(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MultVAE(**wrong)
