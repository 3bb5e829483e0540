import datetime
from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.ingestion.folders import cache_folder
from tasks.ingestion.sources.ta_feng import TaFeng

HEADING = (
    '\ufeff"TRANSACTION_DT","CUSTOMER_ID","AGE_GROUP","PIN_CODE","PRODUCT_SUBCLASS","PRODUCT_ID","AMOUNT","ASSET",'
    '"SALES_PRICE"\r\n'
)
LINES = (
    '"11/1/2000","01104905","45-49","115","110411","4710199010372","2","24","30"\r\n'
    '"2/28/2001","00418683","","Unknown","120107","4710857472535","1","48","46"\r\n'
)


def test_few_lines(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "ta_feng.csv"
    file.write_text(HEADING + LINES, newline="")
    log = TaFeng(path=str(file)).load(cache)
    rows = log.rows.collect()
    assert dict(rows.schema) == dict(log.schema)
    assert rows.rows() == [
        (1104905, 4710199010372, datetime.date(2000, 11, 1), 2.0, 15.0, "45-49", "115", "110411"),
        (418683, 4710857472535, datetime.date(2001, 2, 28), 1.0, 46.0, None, None, "120107"),
    ]


@pytest.mark.parametrize(
    ("content", "said"), [("", "cannot be read"), ('"CUSTOMER_ID"\r\n"1"\r\n', "expected the columns")]
)
def test_other_files(tmp_path: Path, cache: Path, content: str, said: str) -> None:
    file = tmp_path / "ta_feng.csv"
    file.write_text(content, newline="")
    with pytest.raises(DataError, match=rf"ta_feng\.csv.*{said}"):
        TaFeng(path=str(file)).load(cache)


def test_folder_without_csv(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(DataError, match=r"no file of ta_feng there, expected one ending in \.csv"):
        TaFeng(path=str(tmp_path)).load(cache)


@pytest.mark.slow
def test_published_wheel() -> None:
    log = TaFeng().load(cache_folder())
    rows = log.rows.collect()
    assert (len(rows), rows["user_id"].n_unique(), rows["item_id"].n_unique()) == (817_741, 32_266, 23_812)
    assert rows["timestamp"].min() == datetime.date(2000, 11, 1)
    assert rows["timestamp"].max() == datetime.date(2001, 2, 28)
    assert rows.drop("age_group", "area").null_count().sum_horizontal().item() == 0
