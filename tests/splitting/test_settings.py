import pytest

from tasks.splitting import TemporalSplit, UserHoldoutSplit
from tasks.splitting.settings import microseconds_of


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"first_cut": "half"}, "first_cut"),
        ({"first_cut": "0%"}, "first_cut"),
        ({"second_cut": "100%"}, "second_cut"),
        ({"second_cut": "x%"}, "second_cut"),
        ({"second_cut": "2011-13-01"}, "second_cut"),
        ({"first_cut": "80%"}, "second_cut"),
        ({"first_cut": "2011-06-01", "second_cut": "2011-06-01"}, "second_cut"),
        ({"burn_in_days": -1}, "burn_in_days"),
    ],
)
def test_temporal_settings_out_of_range_name_the_field(settings, field):
    with pytest.raises(ValueError, match=field):
        TemporalSplit(**settings)


def test_a_percentile_and_a_date_may_be_mixed():
    TemporalSplit(first_cut="50%", second_cut="2011-06-01")


@pytest.mark.parametrize("residues", [(), (10,), (-1,), tuple(range(10))])
def test_residues_out_of_range(residues):
    with pytest.raises(ValueError, match="test_residues"):
        UserHoldoutSplit(test_residues=residues)


@pytest.mark.parametrize("share", [0.0, 1.0, float("nan")])
def test_share_out_of_range(share):
    with pytest.raises(ValueError, match="validation_share"):
        UserHoldoutSplit(validation_share=share)


def test_dates_are_utc_unless_they_name_an_offset():
    assert microseconds_of("1970-01-02") == 86_400_000_000
    assert microseconds_of("1970-01-02T00:00:00+02:00") == 79_200_000_000
    assert microseconds_of("1969-12-31T23:59:59.5") == -500_000
