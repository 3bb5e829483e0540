"""A served model of the block world, with titles, classes and customers."""

import dataclasses

import polars as pl

from tasks.domain import NewUsers
from tasks.model_format import Customers, ItemVocabulary, Model
from tasks.serving.served_model import ServedModel
from tests.model_format.models import BLOCKS, ITEMS, block_model
from tests.worlds import block_training

COLOURS = ("red", "green", "blue")


def shop_model(*, seed: int = 3, item_ids: pl.Series | None = None) -> Model:
    """Items of block b are called after its colour; the 120 users it was fitted on are u0 … u119."""
    model = block_model(hybrid=True, item_ids=item_ids)
    colours = [COLOURS[row % BLOCKS] for row in range(ITEMS)]
    vocabulary = ItemVocabulary(
        model.items.ids,
        pl.Series([f"{colour} thing {row}" for row, colour in enumerate(colours)]),
        pl.DataFrame({"colour": colours}),
    )

    class Log:
        users = pl.DataFrame({"user_id": [f"u{row}" for row in range(120)]})

    training = block_training(users=120, items=ITEMS, blocks=BLOCKS)
    no_numbers = dataclasses.replace(training.user_features, numbers=training.user_features.numbers[:, :0])
    training = dataclasses.replace(training, user_features=no_numbers)  # as the model's encoder has it
    customers = Customers.of(Log, training)  # type: ignore[arg-type]
    header = dataclasses.replace(model.header, seed=seed)
    return dataclasses.replace(model, items=vocabulary, customers=customers, header=header)


def shop(name: str = "coldcart-shop/1", seed: int = 3) -> ServedModel:
    return ServedModel(shop_model(seed=seed), name)


def items_of(users: NewUsers) -> list[int]:
    return users.items.tolist()
