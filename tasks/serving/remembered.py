"""Lists that were made before: while nothing new is known of a user, their list stays what it is."""

from collections import OrderedDict

from tasks.domain import NewUsers
from tasks.serving.served_model import Question, Ranked

MOST_PLACES = 100
"""Longer lists are not kept: they are rare, and large."""

Key = tuple[bytes, ...]


def key_of(question: Question) -> Key | None:
    """All that a list depends on beside the model; None where it is not to be kept."""
    if not question.is_plain or question.k > MOST_PLACES:
        return None
    users: NewUsers = question.users
    parts = (users.ids, users.items, users.weights, users.times, users.now, users.features.categories)
    told = tuple(b"" if part is None else part.tobytes() for part in parts)
    return (question.k.to_bytes(4, "little"), *told, users.features.numbers.tobytes())


class RememberedLists:
    """The lists of one model, the least recently asked for forgotten first; used from one thread.

    Args:
        most: Lists that are kept, at least 0.

    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lists: OrderedDict[Key, Ranked] = OrderedDict()

    def __len__(self) -> int:
        return len(self._lists)

    def get(self, key: Key | None) -> Ranked | None:
        """The list of before; None where there is none."""
        found = None if key is None else self._lists.get(key)
        if found is not None and key is not None:
            self._lists.move_to_end(key)
        return found

    def keep(self, key: Key | None, ranked: Ranked) -> None:
        """Remember a list."""
        if key is None or self._most == 0:
            return
        self._lists[key] = ranked
        if len(self._lists) > self._most:
            self._lists.popitem(last=False)
