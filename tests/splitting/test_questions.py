import numpy as np
import pytest

from tasks.domain import UserFeatures
from tasks.errors import ConfigError, DataError
from tasks.splitting import TemporalSplit, pose, pose_episodes, rest_shots, shots_of, split, user_ids
from tests.splitting.logs import DAY, all_posed, answers, iso, log_of

SETTINGS = TemporalSplit(first_cut=iso(100), second_cut=iso(200), burn_in_days=0)
WARM = [("w", item, 20) for item in "abcdefgh"]
OTHERS = [*WARM, ("v", "a", 150), ("v", "b", 160)]
USER = [  # x and y lie outside the catalogue
    ("u", "a", 300.1),
    ("u", "x", 300.2),
    ("u", "b", 300.3),
    ("u", "c", 300.4),
    ("u", "d", 301.0),
    ("u", "a", 301.1),
    ("u", "y", 302.0),
    ("u", "e", 302.1),
    ("u", "e", 303.1),
]


def posed_to_user(question, shots, rows=USER):
    log = log_of([*OTHERS, *rows])
    return answers(log, split(log, SETTINGS, seed=0), question, shots).get("u")


@pytest.mark.parametrize(
    ("shots", "support", "unknown"),
    [(0, "", 0), (1, "a", 0), (3, "ab", 1), (5, "abc", 1), (None, "abc", 1)],
)
def test_next_visits_shows_the_first_visit_and_asks_for_what_is_new_later(shots, support, unknown):
    found = posed_to_user("next_visits", shots)
    assert found["support"] == list(support)
    assert found["targets"] == ["d", "e"]
    assert found["outside"] == (unknown, 1)
    assert found["repeats"] == (["a"] if support else [])


@pytest.mark.parametrize(
    ("shots", "support", "targets", "outside"),
    [(0, "", "abc", (0, 1)), (1, "a", "bc", (0, 1)), (3, "ab", "c", (1, 0))],
)
def test_this_visit_asks_for_the_rest_of_the_visit(shots, support, targets, outside):
    found = posed_to_user("this_visit", shots)
    assert (found["support"], found["targets"], found["outside"]) == (list(support), list(targets), outside)


def test_this_visit_needs_more_items_than_are_shown():
    assert posed_to_user("this_visit", 5) is None
    assert posed_to_user("this_visit", 3, USER[:3]) is None


def test_rest_asks_for_what_comes_after_the_greatest_number_of_shots():
    # 7 distinct items: max(s) is 5, so the 6th and 7th are asked for at any s.
    found = [posed_to_user("rest", shots) for shots in (0, 1, 3, 5)]
    assert [one["support"] for one in found] == [[], ["a"], ["a", "b"], ["a", "b", "c", "d"]]
    assert [one["outside"] for one in found] == [(0, 1), (0, 1), (1, 1), (1, 1)]
    assert all(one["targets"] == ["e"] for one in found)


def test_who_only_finds_things_outside_the_catalogue_is_in_the_population():
    found = posed_to_user("next_visits", 1, [("u", "a", 300), ("u", "y", 301)])
    assert (found["targets"], found["outside"]) == ([], (0, 1))


def test_who_only_repeats_is_not_in_the_population():
    assert posed_to_user("next_visits", 1, [("u", "a", 300), ("u", "a", 301)]) is None


def test_shots_per_question():
    assert shots_of("next_visits") == (0, 1, 3, 5, 10, None)
    assert shots_of("this_visit") == (0, 1, 3, 5, 10)
    assert shots_of("rest", 3) == (0, 1, 3)


def lengths_log(lengths):
    rows = [(f"t{user:03}", f"i{step}", 300 + step) for user, length in enumerate(lengths) for step in range(length)]
    return split(log_of([*OTHERS, *rows]), SETTINGS, seed=0).test.histories


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([11] * 200, 10),
        ([11] * 199 + [10] * 50, 5),
        ([11] * 9 + [1], 10),
        ([6] * 9 + [11], 5),
        ([4] * 200 + [1] * 200, 3),
    ],
)
def test_the_greatest_number_of_shots_is_what_200_or_nine_tenths_exceed(lengths, expected):
    assert rest_shots(lengths_log(lengths)) == expected


def test_histories_too_short_for_rest_are_an_error():
    with pytest.raises(DataError, match="question=rest"):
        rest_shots(lengths_log([1] * 8 + [2] * 2))


@pytest.mark.parametrize(
    ("question", "shots", "message"),
    [("last_visit", 1, "next_visits, this_visit, rest"), ("this_visit", None, "shots=all"), ("rest", 3, "max_shots")],
)
def test_questions_that_do_not_exist(question, shots, message):
    test = split(log_of([*OTHERS, *USER]), SETTINGS, seed=0).test
    with pytest.raises(ConfigError, match=message):
        pose(
            question,
            test.histories,
            UserFeatures.none(1),
            n_items=8,
            shots=shots,
            ids=user_ids(test.users),
            max_shots=None,
        )


def test_now_is_the_first_event_and_features_follow_the_population():
    parts = split(log_of([*OTHERS, ("s", "a", 290), *USER]), SETTINGS, seed=0)
    features = UserFeatures(np.array([[4], [7]], dtype=np.int32), np.zeros((2, 0), dtype=np.float32))
    ids = user_ids(parts.test.users)
    posed = pose("next_visits", parts.test.histories, features, n_items=8, shots=0, ids=ids)
    assert posed.population.tolist() == [1]
    assert posed.users.features.categories.tolist() == [[7]]
    assert posed.users.now.tolist() == [int(300.1 * DAY)]
    assert posed.users.ids.tolist() == [ids[1]]


def test_the_weight_of_a_support_is_what_was_known_in_the_visit():
    rows = [("u", "a", 300.1, None, 0.5), ("u", "a", 300.2, None, 2.0), ("u", "a", 301, None, 9.0), ("u", "b", 302)]
    parts = split(log_of([*OTHERS, *rows]), SETTINGS, seed=0)
    assert parts.test.histories.weights.tolist() == [2.0, 1.0]
    warm = split(
        log_of([*OTHERS, *[("x", row[1], row[2] - 250, *row[3:]) for row in rows], *USER]), SETTINGS, seed=0
    ).warm
    assert warm.matrix().max() == 9.0
    assert warm.as_new.weights.max() == 2.0


def test_episodes_are_posed_to_warm_users_with_a_known_first_visit():
    rows = [("early", "a", 1), ("early", "b", 2), ("warm", "a", 30), ("warm", "b", 40), ("warm", "c", 120)]
    settings = TemporalSplit(first_cut=iso(100), second_cut=iso(200), burn_in_days=14)
    parts = split(log_of([*OTHERS, *USER, *rows]), settings, seed=0)
    posed = pose_episodes("next_visits", parts.warm, UserFeatures.none(len(parts.warm.users)))
    assert [one.shots for one in posed] == [0, 1, 3, 5, 10, None]
    assert parts.warm.users["user_id"].gather(posed[1].population).to_list() == ["warm"]
    assert posed[1].targets.nnz == 1  # b; c was touched after the first cut


def test_visits_of_one_moment_are_ordered_by_hash_and_stay_apart():
    rows = [("u", item, 300.0) for item in "abcd"] + [("u", "e", 301.0)]
    log = log_of([*OTHERS, *rows])
    visit = log.events["visit"].to_numpy().copy()
    last = np.flatnonzero(log.events["time"].to_numpy() == 300 * DAY)
    visit[last[:2]], visit[last[2:]] = 9001, 9000
    renamed = np.where(visit == 9001, 8000, visit)
    firsts = []
    for keys in (visit, renamed):
        changed = type(log)(log.events.with_columns(visit=keys), log.users, log.items, log.item_attributes, log.roles)
        parts = split(changed, SETTINGS, seed=0)
        firsts.append(answers(changed, parts, "next_visits", None)["u"])
    assert firsts[0] == firsts[1]
    assert len(firsts[0]["support"]) == 2
    assert len(firsts[0]["targets"]) == 3


def test_supports_are_nested_and_targets_fixed():
    parts = split(log_of([*OTHERS, *USER]), SETTINGS, seed=0)
    targets = [one.targets.toarray().tolist() for one in all_posed(parts, "next_visits")]
    assert all(one == targets[0] for one in targets)
