import numpy as np
import polars as pl

from tasks.splitting.ties import draw, id_hash, id_hashes, mix, pair_hashes


def test_splitmix64_gives_the_published_first_values():
    # The reference generator seeded with 0 and 1234567 returns these first numbers.
    first = mix(np.array([0, 1234567], dtype=np.uint64))
    assert first.tolist() == [16294208416658607535, 6457827717110365317]


def test_ids_hash_like_fnv_1a_of_their_text():
    # Published FNV-1a 64-bit vectors: "" → cbf29ce484222325, "a" → af63dc4c8601ec8c, "foobar" → 85944171f73967e8.
    expected = mix(np.array([0xCBF29CE484222325, 0xAF63DC4C8601EC8C, 0x85944171F73967E8], dtype=np.uint64))
    assert id_hashes(pl.Series(["", "a", "foobar"])).tolist() == expected.tolist()


def test_numbers_hash_like_their_text_and_position_does_not_matter():
    numbers = id_hashes(pl.Series([7, 2**62, 12]))
    assert numbers.tolist() == id_hashes(pl.Series(["7", str(2**62), "12"])).tolist()
    assert id_hashes(pl.Series([12, 7])).tolist() == [numbers[2], numbers[0]]


def test_letters_beyond_ascii_and_long_ids_hash():
    hashes = id_hashes(pl.Series(["é", "e", "x" * 5000, "x" * 5001]))
    assert len(np.unique(hashes)) == 4


def test_a_single_id_hashes_as_it_does_among_many():
    ids = ["", "a", "4710908110232", "é", "x" * 300]
    assert [id_hash(one) for one in ids] == id_hashes(pl.Series(ids)).tolist()


def test_no_ids_at_all():
    assert len(id_hashes(pl.Series([], dtype=pl.String))) == 0


def test_draws_for_two_purposes_or_seeds_are_independent():
    hashes = id_hashes(pl.Series(range(20_000)))
    halves = [
        draw(hashes, "half") & np.uint64(1),
        draw(hashes, "half", 1) & np.uint64(1),
        draw(hashes, "fold") & np.uint64(1),
    ]
    for one in halves:
        assert abs(one.mean() - 0.5) < 0.02
    assert abs((halves[0] == halves[1]).mean() - 0.5) < 0.02
    assert abs((halves[0] == halves[2]).mean() - 0.5) < 0.02


def test_order_of_ties_differs_from_user_to_user():
    users, items = id_hashes(pl.Series(["ann", "bob"])), id_hashes(pl.Series(range(50)))
    orders = [np.argsort(pair_hashes(np.full(50, user), items)).tolist() for user in users]
    assert orders[0] != orders[1]
