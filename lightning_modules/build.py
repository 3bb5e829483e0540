"""Fresh networks: what a trained generator is loaded into as well, where nothing is trained."""

import torch

from lightning_modules.catalogue import Catalogue
from lightning_modules.networks.base import Critic, Generator, Network
from lightning_modules.noise import derived_seed

_WEIGHTS = 3


def build(network: Network, catalogue: Catalogue, seed: int) -> tuple[Generator, Critic]:
    """Fresh modules whose weights depend on the seed alone; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, _WEIGHTS))
        return network.build(catalogue)
