"""A model as it is shipped: everything needed to recommend for users who were never in the log."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.augmentation.augmentation import Augmentation
from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.shared_draws import SharedCompletion, SharedDraws
from tasks.domain import Column, Evidence, NewUsers, TopK, VirtualBehaviour
from tasks.errors import DataError, ModelError
from tasks.evaluation.zero_shots import PopularityAtZeroShots
from tasks.features.users import UserEncoder
from tasks.hybrid import storage
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.scores import Completion
from tasks.model_format.customers import Customers
from tasks.model_format.folder import FolderReader, writing
from tasks.model_format.header import HEADER, Header
from tasks.model_format.kinds import EventKinds
from tasks.model_format.requests import RequestReader
from tasks.model_format.timestamps import TimeReader
from tasks.model_format.vocabulary import ItemVocabulary
from tasks.recommenders.base import FittedRecommender

CUSTOMERS = "customers.parquet"
RANK, SCORE, EVIDENCE = "rank", "score", "evidence"

ComponentBuilder = Callable[[str, str, Mapping[str, Any]], Any]
"""Builds a component from its group in conf/, its name there and its settings; ``tasks.config.load_component``."""

GeneratorLoader = Callable[[Path], ProfileGenerator]
"""Reads a generator from the folder that its ``save`` wrote."""


@runtime_checkable
class SavedGenerator(ProfileGenerator, Protocol):
    """A generator that can be shipped."""

    def save(self, folder: Path) -> None:
        """Write itself as safetensors, npz and JSON."""
        ...


@dataclass(frozen=True, slots=True)
class Model:
    """What was fitted, and how to use it.

    Attributes:
        header: What the model tells about itself.
        items: The catalogue, I items.
        encoder: Encoder of user features.
        times: How the log told time.
        kinds: How much events of each kind counted.
        recommender: Ranks on real, or real and virtual, behaviour.
        popularity: Serves users of whom there is no behaviour, real or virtual.
        augmentation: Which virtual behaviour completes a profile; None for none.
        generator: Makes it up; None where there is no augmentation.
        hybrid: Ranks in place of ``recommender`` and ``popularity``, completing profiles itself; None for none.
        customers: Who the model was fitted on, for a service that meets them again; None where that is not kept.

    Raises:
        ValueError: The parts do not share one catalogue, or there is augmentation without a generator.

    """

    header: Header
    items: ItemVocabulary
    encoder: UserEncoder
    times: TimeReader
    kinds: EventKinds
    recommender: FittedRecommender
    popularity: FittedRecommender
    augmentation: Augmentation | None = None
    generator: ProfileGenerator | None = None
    hybrid: Hybrid | None = None
    customers: Customers | None = None

    def __post_init__(self) -> None:
        if self.augmentation is not None and self.generator is None:
            raise ValueError("an augmentation needs a generator, got None")
        parts = {"recommender": self.recommender, "popularity": self.popularity, "generator": self.generator}
        for name, part in (parts | {"hybrid": self.hybrid}).items():
            if part is not None and part.n_items != len(self.items):
                raise ValueError(f"the {name} knows {part.n_items} items, the vocabulary {len(self.items)}")

    def recommend(
        self,
        events: pl.DataFrame,
        users: pl.DataFrame | None = None,
        user_features: pl.DataFrame | None = None,
        k: int = 20,
        *,
        now: int | None = None,
    ) -> pl.DataFrame:
        """The k best items for each user, none of them among the user's own.

        Args:
            events: The users' few events: user_id, item_id, optionally timestamp and kind; original ids, as text or
                numbers. Items and kinds that the model does not know are ignored and counted in the log. Without
                kinds an event weighs what most first touches of the training did.
            users: user_id of users who shall get a list even without events.
            user_features: user_id and feature columns, as in training.
            k: Length of the lists, at least 1.
            now: Time of the request, microseconds since 1970-01-01 UTC: the first visit of users whose events carry
                no time. By default the newest time the model saw.

        Returns:
            k rows per user, users in order of first appearance: user_id as given, rank Int32 (1 …), item_id as in the
            log, score Float32 (never rising; compares within one user only), evidence String (popularity, real or
            virtual). A list does not depend on who else is asked for.

        Raises:
            DataError: A column is missing, a time cannot be read, there is no user, or k is larger than the number of
                items that are left for a user.

        """
        reader = RequestReader(self.items, self.encoder, self.times, self.kinds, self._request_time(now))
        request = reader.read(events, users, user_features)
        self._check_length(request.users, request.user_ids, k)
        return self._to_frame(request.user_ids, self.rank(request.users, k))

    def rank(
        self,
        users: NewUsers,
        k: int,
        *,
        exclude: NDArray[np.bool_] | None = None,
        allow: NDArray[np.bool_] | None = None,
        mask_support: bool = True,
    ) -> TopK:
        """Lists for encoded users, by the hybrid where the model has one, else on completed profiles.

        Args:
            users: Any number of users.
            k: Length of the lists, at least 1; shorter ones are padded.
            exclude: bool (I,), items that must not be listed.
            allow: bool (I,), the only items that may be listed.
            mask_support: Whether the users' own items are left out.

        """
        seed = self.header.seed
        if self.hybrid is not None:
            return self.hybrid.top_k(users, k, exclude=exclude, allow=allow, seed=seed, mask_support=mask_support)
        users = users.with_virtual(self.virtual(users))
        ranker = PopularityAtZeroShots(self.recommender, self.popularity)
        return ranker.top_k(users, k, exclude=exclude, allow=allow, seed=seed, mask_support=mask_support)

    def virtual(self, users: NewUsers) -> VirtualBehaviour | None:
        """What the model makes up for encoded users beside a hybrid, which does that itself; None where nothing."""
        if self.augmentation is None or self.generator is None:
            return None
        return self.augmentation.complete(self.generator, users, self.header.seed)

    def _request_time(self, now: int | None) -> int:
        return now if now is not None else self.header.newest or 0

    def _check_length(self, users: NewUsers, user_ids: pl.Series, k: int) -> None:
        if k < 1:
            raise DataError(f"k must be at least 1, got {k}")
        left = len(self.items) - users.shots
        short = np.flatnonzero(left < k)
        if len(short):
            user = int(short[np.argmin(left[short])])
            raise DataError(
                f"k={k} is more than there is: the catalogue has {len(self.items)} items, of which {int(left[user])} "
                f"are new to user {user_ids[user]!r}; ask for k={max(int(left[user]), 0)} or fewer"
            )

    def _to_frame(self, user_ids: pl.Series, lists: TopK) -> pl.DataFrame:
        users, k = lists.ids.shape
        names = pl.Series([evidence.name.lower() for evidence in Evidence])
        # Brackets, not gather: that is a query, and three of them cost as much as reading the request.
        return pl.DataFrame(
            [
                user_ids[np.repeat(np.arange(users), k)].alias(Column.USER_ID),
                pl.Series(RANK, np.tile(np.arange(1, k + 1, dtype=np.int32), users)),
                self.items.ids[lists.ids.ravel()].alias(Column.ITEM_ID),
                pl.Series(SCORE, lists.scores.ravel()),
                names[lists.evidence.ravel()].alias(EVIDENCE),
            ]
        )

    def save(self, folder: Path, *, replace: bool = False) -> None:
        """Write the model; the folder is whole or absent.

        Raises:
            ModelError: There is such a folder already (unless ``replace``), or it cannot be written.
            ValueError: The header does not name the augmentation, or the generator cannot be saved.

        """
        if self.augmentation is not None and "augmentation" not in self.header.components:
            raise ValueError("header.components must name the augmentation: it is built again by its name")
        with writing(folder, replace=replace) as writer:
            writer.write_json(HEADER, self.header.to_json())
            writer.write_frame("items.parquet", self.items.to_frame())
            writer.write_json("users.json", self.encoder.to_json())
            writer.write_json("times.json", dataclasses.asdict(self.times))
            writer.write_json("kinds.json", dataclasses.asdict(self.kinds))
            self.recommender.save(writer.subfolder("recommender"))
            self.popularity.save(writer.subfolder("popularity"))
            if self.generator is not None:
                if not isinstance(self.generator, SavedGenerator):
                    raise ValueError(f"the generator {self.generator.name} cannot be saved")
                self.generator.save(writer.subfolder("generator"))
            if self.hybrid is not None:
                around = surroundings(self.header, self.recommender, self.popularity, self.augmentation, self.generator)
                storage.save(self.hybrid, writer.subfolder("hybrid"), around)
            # Which parts there are: a part that is missing must not be taken for one that never was.
            optional = {
                "augmentation": self.augmentation,
                "generator": self.generator,
                "hybrid": self.hybrid,
                "customers": self.customers,
            }
            if self.customers is not None:
                writer.write_frame(CUSTOMERS, self.customers.to_frame())
            parts = {name: part is not None for name, part in optional.items()}
            writer.write_json("parts.json", parts)

    @classmethod
    def load(cls, folder: Path, *, build: ComponentBuilder, load_generator: GeneratorLoader) -> "Model":
        """Read a model; nothing that lies in the folder is executed.

        Args:
            folder: The ``model/`` folder of a run.
            build: Builds components from names and settings.
            load_generator: Reads the generator.

        Raises:
            ModelError: The folder holds no model, one of another version, or a file was changed; the message names it.

        """
        header = Header.read(folder)
        reader = FolderReader(folder)
        try:
            parts = reader.read_json("parts.json")
            augmentation = generator = hybrid = None
            if parts["generator"]:
                generator = load_generator(reader.subfolder("generator"))
            if parts["augmentation"]:
                choice = header.components["augmentation"]
                augmentation = build("augmentation", choice.name, choice.settings)
            recommender = FittedRecommender.load(reader.subfolder("recommender"))
            popularity = FittedRecommender.load(reader.subfolder("popularity"))
            if parts.get("hybrid"):  # format 1 knew none
                around = surroundings(header, recommender, popularity, augmentation, generator)
                hybrid = storage.load(reader.subfolder("hybrid"), around)
            customers = None
            if parts.get("customers"):  # the first models of format 2 did not keep them
                customers = Customers.from_frame(reader.read_frame(CUSTOMERS))
            return cls(
                header=header,
                items=ItemVocabulary.from_frame(reader.read_frame("items.parquet")),
                encoder=UserEncoder.from_json(reader.read_json("users.json")),
                times=TimeReader(**reader.read_json("times.json")),
                kinds=EventKinds(**reader.read_json("kinds.json")),
                recommender=recommender,
                popularity=popularity,
                augmentation=augmentation,
                generator=generator,
                hybrid=hybrid,
                customers=customers,
            )
        except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise ModelError(f"{folder}: a damaged model ({type(error).__name__}: {error}); save it again") from error


def surroundings(
    header: Header,
    recommender: FittedRecommender,
    popularity: FittedRecommender,
    augmentation: Augmentation | None,
    generator: ProfileGenerator | None,
) -> storage.Surroundings:
    """The parts of a model that its hybrid shares."""
    shared: SharedDraws | None = None
    completion: Completion | None = None
    if augmentation is not None and generator is not None:
        way, maker = augmentation, SharedDraws(generator)

        def complete(users: NewUsers) -> VirtualBehaviour | None:
            return way.complete(maker, users, header.seed)

        shared, completion = maker, SharedCompletion(complete)
    return storage.Surroundings({"recommender": recommender, "popularity": popularity}, shared, completion)
