"""Audiences, segments, explanations, arms: in the block world everybody's interest is known."""

import numpy as np
import pytest

from tasks.serving.audience import AudienceFinder
from tasks.serving.exposure import Pseudonyms, arm_of
from tasks.serving.profile import Profile, ProfileEvent
from tasks.serving.segments import find_segments, interest_vector
from tasks.serving.served_model import ServedModel
from tasks.serving.words import in_words
from tests.serving.models import COLOURS, shop


@pytest.fixture(scope="module")
def served() -> ServedModel:
    return shop()


def met() -> list[Profile]:
    return [
        Profile("newcomer of block 1", (ProfileEvent("item1"), ProfileEvent("item4"))),
        Profile("newcomer of block 2", (ProfileEvent("item2"),)),
        Profile("u1", (ProfileEvent("item2"),)),
    ]


def finder(served: ServedModel, candidates: int = 500) -> AudienceFinder:
    return AudienceFinder(served, candidates, lambda user: user == "u4")


def test_the_audience_of_a_class_are_the_users_of_its_block(served: ServedModel) -> None:
    rows = served.catalogue.rows_by_category["green"]
    found = finder(served).find(rows, "all", met, 0)
    assert found.considered == 121  # 120 users and 3 met, of whom one is known and another forgotten
    assert list(found.scores) == sorted(found.scores, reverse=True)
    assert all(0 <= score <= 1 for score in found.scores)
    assert "u4" not in found.user_ids
    assert found.user_ids.count("u1") == 1
    assert not found.known[found.user_ids.index("u1")]
    first = found.user_ids[:35]
    ours = [user for user in first if user == "newcomer of block 1" or (user[0] == "u" and int(user[1:]) % 3 == 1)]
    assert len(ours) == 35


def test_populations_and_pages(served: ServedModel) -> None:
    rows = np.array([7])
    one = finder(served)
    assert set(one.find(rows, "new", met, 0).user_ids) == {"newcomer of block 1", "newcomer of block 2", "u1"}
    known = one.find(rows, "known", lambda: pytest.fail("not needed"), 0)
    assert len(known.user_ids) == 119
    assert one.find(rows, "known", met, 1) is known
    assert one.find(rows, "new", met, 1) is not one.find(rows, "new", met, 2)
    assert len(finder(served, 10).find(rows, "all", met, 0).user_ids) == 10


def test_who_has_the_item_already_is_no_audience_of_it(served: ServedModel) -> None:
    holder = Profile("holder", (ProfileEvent("item7"), ProfileEvent("item4")))
    found = finder(served).find(np.array([7]), "new", lambda: [holder], 0)
    assert found.scores == (0.0,)


def test_segments_are_the_blocks(served: ServedModel) -> None:
    groups = find_segments(served, 3)
    assert [group.users for group in groups.found] == [40, 40, 40]
    assert sorted(group.categories[0] for group in groups.found) == sorted(COLOURS)
    for group in groups.found:
        assert group.terms[0] == group.categories[0]
        assert {served.catalogue.categories_of(row)[0] for row in group.items} == {group.categories[0]}
    segment, likeness = groups.assign(interest_vector(served, [1, 4, 7], []))
    assert groups.found[segment].categories[0] == "green"
    assert likeness.shape == (3,)
    # Of somebody without items, what is recommended tells.
    assert groups.assign(interest_vector(served, [], [1, 4]))[0] == segment
    assert find_segments(served, 3).found == groups.found


def test_explanations_add_up_and_name_the_own_block(served: ServedModel) -> None:
    who = Profile("x", (ProfileEvent("item1"), ProfileEvent("item4"), ProfileEvent("item2")), {"segment": "s1"})
    best = served.recommend(who, k=1)
    found = served.explain(who, served.catalogue.ids[best.rows[0]])
    assert found.score == pytest.approx(best.scores[0], rel=1e-4)
    assert sum(part.score for part in found.parts) == pytest.approx(found.score)
    assert [reason.item for reason in found.support[:2]] in ([1, 4], [4, 1])
    assert {reason.item % 3 for reason in found.virtual} == {1}
    assert found.neighbours
    assert all({1, 4} & set(reason.shared) for reason in found.neighbours)
    words = in_words(found, served.catalogue)
    assert words.startswith(f"green thing {best.rows[0]} goes with green thing")
    assert words.endswith(".")


def test_an_explanation_for_a_guest_is_popularity_or_virtual(served: ServedModel) -> None:
    found = served.explain(Profile(), "item1")
    assert found.support == ()
    assert in_words(found, served.catalogue)


def test_arms_are_drawn_by_weight_and_stay(tmp_path) -> None:
    pseudonyms = Pseudonyms.of(tmp_path / "serving" / "key")
    users = [pseudonyms.of_user(f"user {number}") for number in range(4000)]
    assert users[:9] == [Pseudonyms.of(tmp_path / "serving" / "key").of_user(f"user {n}") for n in range(9)]
    assert len(set(users)) == 4000
    assert (tmp_path / "serving" / "key").stat().st_mode & 0o077 == 0
    arms = {"control": 3.0, "treatment": 1.0}
    drawn = [arm_of(user, arms) for user in users]
    assert drawn == [arm_of(user, arms) for user in users]
    assert 0.72 < drawn.count("control") / 4000 < 0.78
    assert arm_of(users[0], {}) is None
