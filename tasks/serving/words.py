"""An explanation in words, with the names of items."""

from tasks.domain import Evidence
from tasks.explanation import Explanation
from tasks.serving.catalogue import Catalogue

_NAMED = 3


def in_words(explanation: Explanation, catalogue: Catalogue) -> str:
    """One or two sentences for the user of a shop."""
    name = catalogue.name_of(explanation.item)
    said: list[str] = []
    if explanation.support:
        said.append(f"goes with {_listed([catalogue.name_of(one.item) for one in explanation.support[:_NAMED]])}")
    if explanation.neighbours:
        said.append("was taken by others who chose alike")
    if explanation.virtual and not explanation.support:
        names = _listed([catalogue.name_of(one.item) for one in explanation.virtual[:_NAMED]])
        said.append(f"goes with what people like you tend to choose next, such as {names}")
    popular = sum(part.score for part in explanation.parts if part.evidence is Evidence.POPULARITY)
    if popular > 0 and (not said or popular > explanation.score / 2):
        said.append("is popular right now")
    return f"{name} {_listed(said)}." if said else f"Nothing in particular speaks for {name}."


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
