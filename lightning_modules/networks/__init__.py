"""Pairs of generator and critic, one file each."""

from lightning_modules.networks.article_formula import ArticleFormula
from lightning_modules.networks.article_lstm import ArticleLstm
from lightning_modules.networks.base import Candidates, Critic, Generator, Network
from lightning_modules.networks.conditional import Conditional

__all__ = ["ArticleFormula", "ArticleLstm", "Candidates", "Conditional", "Critic", "Generator", "Network"]
