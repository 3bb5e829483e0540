import hashlib
import hmac

import polars as pl
import pytest

from tasks.errors import ConfigError
from tasks.ingestion.pseudonyms import KEY_VARIABLE, Privacy

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def test_off_changes_nothing():
    ids = pl.Series("user_id", [1, 2])
    assert Privacy().pseudonyms(ids) is ids


def test_hmac_of_the_id(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    shown = Privacy(pseudonymise=True).pseudonyms(pl.Series("user_id", ["é", "12"]))
    assert shown.to_list() == [
        hmac.digest(KEY.encode(), user.encode(), hashlib.sha256).hex()[:32] for user in ("é", "12")
    ]
    assert Privacy(pseudonymise=True).pseudonyms(pl.Series([12])).to_list() == shown.to_list()[1:]


def test_the_file_comes_before_the_environment(monkeypatch, tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    ids = pl.Series(["u"])
    by_file = Privacy(pseudonymise=True, key_file=str(tmp_path / "key")).pseudonyms(ids)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    assert Privacy(pseudonymise=True).pseudonyms(ids).equals(by_file)
    monkeypatch.setenv(KEY_VARIABLE, KEY[::-1])
    assert not Privacy(pseudonymise=True).pseudonyms(ids).equals(by_file)


@pytest.mark.parametrize("key", ["", "tiny!"])
def test_without_a_good_key(monkeypatch, tmp_path, key):
    monkeypatch.setenv(KEY_VARIABLE, key)
    (tmp_path / "key").write_text(key)
    for privacy in (Privacy(True), Privacy(True, str(tmp_path / "key")), Privacy(True, str(tmp_path / "none"))):
        with pytest.raises(ConfigError, match="key") as caught:
            privacy.pseudonyms(pl.Series(["u"]))
        assert "tiny!" not in str(caught.value)
