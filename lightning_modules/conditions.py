"""Episodes of training: what the generator is shown of a user, and what that user did afterwards.

Everything is ragged or CSR here; only a batch is dense, and no loop runs over users.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Episodes:
    """Conditions and targets, one row per (user, number of shots).

    Attributes:
        n_items: Size I of the catalogue.
        support_indptr: int64 (E + 1,), boundaries of the supports.
        support_items: int32 (N,), items of the supports in order of first touch.
        support_gaps: float32 (N,), log(1 + hours since the item before); 0 without times.
        support_weights: float32 (N,), log of the weights of the events; 0 for weight 1.
        shots: int64 (E,), number of items in each support.
        categories: int64 (E, F), codes of user categories, 0 unknown.
        numbers: float32 (E, N), scaled user numbers, 0 missing.
        calendar: float32 (E, C), cyclic time of the first visit.
        targets: CSR (E, I), what the user touched afterwards, never an item of the
            support; empty rows where that is not known.
        group: int64 (E,), the user of each row, 0 … U − 1; an epoch shows one row per user.

    """

    n_items: int
    support_indptr: NDArray[np.int64]
    support_items: NDArray[np.int32]
    support_gaps: NDArray[np.float32]
    support_weights: NDArray[np.float32]
    shots: NDArray[np.int64]
    categories: NDArray[np.int64]
    numbers: NDArray[np.float32]
    calendar: NDArray[np.float32]
    targets: csr_array
    group: NDArray[np.int64]

    def __post_init__(self) -> None:
        rows, entries = len(self.support_indptr) - 1, int(self.support_indptr[-1])
        for name, per_row in (
            ("shots", self.shots), ("categories", self.categories), ("numbers", self.numbers),
            ("calendar", self.calendar), ("group", self.group),
        ):  # fmt: skip
            if len(per_row) != rows:
                raise ValueError(f"{name} must have {rows} rows, got {len(per_row)}")
        for name, per_entry in (
            ("support_items", self.support_items), ("support_gaps", self.support_gaps),
            ("support_weights", self.support_weights),
        ):  # fmt: skip
            if len(per_entry) != entries:
                raise ValueError(f"{name} must have {entries} entries, got {len(per_entry)}")
        if self.targets.shape != (rows, self.n_items):
            raise ValueError(f"targets must be {(rows, self.n_items)}, got {self.targets.shape}")

    def __len__(self) -> int:
        return len(self.support_indptr) - 1

    def select(self, rows: NDArray[np.int64]) -> "Episodes":
        """The chosen rows only, int64 (n,)."""
        starts, lengths = self.support_indptr[rows], np.diff(self.support_indptr)[rows]
        ends = np.cumsum(lengths)
        entries = np.arange(int(lengths.sum())) + np.repeat(starts - (ends - lengths), lengths)
        return Episodes(
            n_items=self.n_items,
            support_indptr=np.concatenate([np.zeros(1, dtype=np.int64), ends]),
            support_items=self.support_items[entries],
            support_gaps=self.support_gaps[entries],
            support_weights=self.support_weights[entries],
            shots=self.shots[rows],
            categories=self.categories[rows],
            numbers=self.numbers[rows],
            calendar=self.calendar[rows],
            targets=csr_array(self.targets[rows]),
            group=self.group[rows],
        )

    @property
    def users(self) -> int:
        """Number U of users (groups)."""
        return int(self.group.max()) + 1 if len(self.group) else 0


@dataclass(frozen=True, slots=True)
class Batch:
    """B rows of episodes as tensors on one device.

    Attributes:
        size: B.
        support_rows: int64 (n,), row of each support entry.
        support_items: int64 (n,), its item.
        window_items: int64 (B, L), the latest L support items, padded with 0.
        window_mask: bool (B, L), True where there is an item.
        window_gaps: float32 (B, L).
        window_weights: float32 (B, L).
        shots: int64 (B,).
        categories: int64 (B, F).
        numbers: float32 (B, N).
        calendar: float32 (B, C).
        target_rows: int64 (m,), row of each target.
        target_items: int64 (m,), its item.
        target_counts: float32 (B,), targets per row, at least 1.

    """

    size: int
    support_rows: Tensor
    support_items: Tensor
    window_items: Tensor
    window_mask: Tensor
    window_gaps: Tensor
    window_weights: Tensor
    shots: Tensor
    categories: Tensor
    numbers: Tensor
    calendar: Tensor
    target_rows: Tensor
    target_items: Tensor
    target_counts: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same batch on a device; itself if it is there already."""
        if self.shots.device == device:
            return self
        moved = {
            field.name: getattr(self, field.name).to(device, non_blocking=True)
            for field in fields(self)
            if field.name != "size"
        }
        return Batch(size=self.size, **moved)

    def without_features(self, hidden: Tensor) -> "Batch":
        """The same users, the side features of those marked in ``hidden``, bool (B,), unknown."""
        column = hidden[:, None]
        return replace(
            self, categories=self.categories.masked_fill(column, 0), numbers=self.numbers.masked_fill(column, 0.0)
        )


class EpisodeTensors:
    """Episodes on a device, from which batches are cut by row number.

    The lengths stay on the host too, so that cutting a batch never waits for the device.
    """

    def __init__(self, episodes: Episodes, device: torch.device | str = "cpu", *, window: int = 64) -> None:
        self.episodes = episodes
        self.device = torch.device(device)
        self.window = window
        self.support_lengths = np.diff(episodes.support_indptr)
        self.target_lengths = np.diff(episodes.targets.indptr).astype(np.int64)

        def place(array: NDArray) -> Tensor:
            return torch.from_numpy(np.array(array)).to(self.device)  # a copy: callers' arrays may be read-only

        self._support_starts = place(episodes.support_indptr[:-1])
        self._support_lengths = place(self.support_lengths)
        # One padding entry, so that a log without any support can still be indexed.
        self._items = place(np.append(episodes.support_items, 0).astype(np.int64))
        self._gaps = place(np.append(episodes.support_gaps, 0).astype(np.float32))
        self._weights = place(np.append(episodes.support_weights, 0).astype(np.float32))
        self._shots = place(episodes.shots.astype(np.int64))
        self._categories = place(episodes.categories.astype(np.int64))
        self._numbers = place(episodes.numbers.astype(np.float32))
        self._calendar = place(episodes.calendar.astype(np.float32))
        self._target_starts = place(episodes.targets.indptr[:-1].astype(np.int64))
        self._target_lengths = place(self.target_lengths)
        self._targets = place(episodes.targets.indices.astype(np.int64))

    def __len__(self) -> int:
        return len(self.episodes)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """The chosen rows, int64 (B,), as one batch."""
        chosen = torch.from_numpy(np.ascontiguousarray(rows)).to(self.device, non_blocking=True)
        width = max(1, min(self.window, int(self.support_lengths[rows].max(initial=1))))
        starts, lengths = self._support_starts[chosen], self._support_lengths[chosen]
        place = torch.arange(width, device=self.device)
        shown = lengths.clamp(max=width)
        mask = place < shown[:, None]
        entries = (starts + lengths - shown)[:, None] + place
        entries = entries.masked_fill(~mask, len(self._items) - 1)
        support_rows, support_entries = self._flat(starts, lengths, int(self.support_lengths[rows].sum()))
        counts = self._target_lengths[chosen]
        target_rows, target_entries = self._flat(
            self._target_starts[chosen], counts, int(self.target_lengths[rows].sum())
        )
        return Batch(
            size=len(rows),
            support_rows=support_rows,
            support_items=self._items[support_entries],
            window_items=self._items[entries],
            window_mask=mask,
            window_gaps=self._gaps[entries],
            window_weights=self._weights[entries],
            shots=self._shots[chosen],
            categories=self._categories[chosen],
            numbers=self._numbers[chosen],
            calendar=self._calendar[chosen],
            target_rows=target_rows,
            target_items=self._targets[target_entries],
            target_counts=counts.clamp(min=1).to(torch.float32),
        )

    def select(self, rows: NDArray[np.int64]) -> "EpisodeTensors":
        """The chosen rows only, on the same device."""
        return EpisodeTensors(self.episodes.select(rows), self.device, window=self.window)

    def support_matrix(self) -> csr_array:
        """The supports as CSR (E, I), 1.0 per item."""
        episodes = self.episodes
        ones = np.ones(len(episodes.support_items), dtype=np.float32)
        matrix = csr_array((ones, episodes.support_items, episodes.support_indptr), shape=episodes.targets.shape)
        matrix.sort_indices()
        return matrix

    def _flat(self, starts: Tensor, lengths: Tensor, total: int) -> tuple[Tensor, Tensor]:
        """Row numbers and entry numbers of ragged rows laid one after the other, both int64 (total,)."""
        rows = torch.repeat_interleave(torch.arange(len(lengths), device=self.device), lengths, output_size=total)
        shift = starts - (lengths.cumsum(0) - lengths)
        return rows, torch.arange(total, device=self.device) + shift[rows]
