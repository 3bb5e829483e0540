from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from tasks.domain import Provenance, UserFeatures
from tasks.errors import LeakageError
from tasks.splitting import TemporalSplit, check_posed, check_provenance, check_rows, check_split, pose_episodes, split
from tests.splitting.logs import DAY, all_posed, iso, log_of

SETTINGS = TemporalSplit(first_cut=iso(100), second_cut=iso(200), burn_in_days=14)
ROWS = [
    *[(user, item, day) for user, day in (("w0", 1), ("w1", 20), ("w2", 30), ("v", 120), ("t", 220)) for item in "abc"],
    *[(user, item, day) for user, day in (("w0", 11), ("w1", 40), ("v", 130), ("t", 240)) for item in "de"],
]


@pytest.fixture(scope="module")
def parts():
    return split(log_of(ROWS), SETTINGS, seed=0)


@pytest.fixture(scope="module")
def episodes(parts):
    return pose_episodes("next_visits", parts.warm, UserFeatures.none(len(parts.warm.users)))


def test_a_sound_pipeline_passes(parts, episodes):
    warm = parts.warm.histories
    episode_users = warm.users[episodes[0].population]
    check_split(parts)
    check_provenance(
        [
            Provenance.of("popularity", warm.users, warm.times),
            Provenance.of("late_popularity", warm.users[parts.warm.gives_episodes], warm.times),
            Provenance.of("generator", episode_users, warm.times),
            Provenance.of("nothing", warm.users[:0], None),
        ],
        parts,
        episodes,
    )
    check_rows("fences", warm.users, warm.times, parts)
    check_posed(episodes)
    check_posed(all_posed(parts, "this_visit"))


def test_an_artefact_that_saw_a_new_user_is_caught(parts):
    seen = np.append(parts.warm.histories.users, parts.test.histories.users)
    with pytest.raises(LeakageError, match="scaler was fitted on 4 users"):
        check_provenance([Provenance.of("scaler", seen, None)], parts)
    with pytest.raises(LeakageError, match="scaler saw 1 users that are not warm"):
        check_rows("scaler", seen, None, parts)


def test_an_artefact_that_saw_the_future_is_caught(parts):
    users = parts.warm.histories.users
    with pytest.raises(LeakageError, match="text saw an event"):
        check_provenance([Provenance.of("text", users, np.array([100 * DAY]))], parts)
    with pytest.raises(LeakageError, match="text saw an event"):
        check_rows("text", users, np.array([100 * DAY]), parts)


def test_a_user_in_two_parts_is_caught(parts):
    with pytest.raises(LeakageError, match="two parts"):
        check_split(replace(parts, test=parts.validation))


def test_events_outside_a_part_s_time_are_caught(parts):
    late = replace(parts.warm.histories, times=parts.warm.histories.times + 90 * DAY)
    with pytest.raises(LeakageError, match="warm users hold"):
        check_split(replace(parts, warm=replace(parts.warm, histories=late)))
    early = replace(parts.test.histories, times=parts.test.histories.times - 90 * DAY)
    with pytest.raises(LeakageError, match="test users hold"):
        check_split(replace(parts, test=replace(parts.test, histories=early)))


def test_a_target_in_its_support_is_caught(parts):
    posed = list(all_posed(parts, "next_visits"))
    posed[-1] = replace(posed[-1], targets=csr_array(np.ones(posed[-1].targets.shape, dtype=np.float32)))
    with pytest.raises(LeakageError, match="shots_all: 3 targets"):
        check_posed(posed)


def test_targets_that_change_with_the_shots_are_caught(parts):
    posed = list(all_posed(parts, "next_visits"))
    posed[0] = replace(posed[0], targets=csr_array(posed[0].targets.shape, dtype=np.float32))
    with pytest.raises(LeakageError, match="shots_0 and shots_1: population or targets differ"):
        check_posed(posed)


def test_supports_that_are_not_nested_are_caught(parts):
    posed = list(all_posed(parts, "next_visits"))
    swapped = replace(posed[2].users, items=posed[2].users.items[::-1].copy())
    posed[2] = replace(posed[2], users=swapped)
    with pytest.raises(LeakageError, match="not nested"):
        check_posed(posed)
