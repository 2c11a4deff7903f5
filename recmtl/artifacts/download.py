"""Files from the network or a disk, checked before they appear under their name."""

import hashlib
import ipaddress
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urljoin, urlsplit
from urllib.request import url2pathname

import pooch
import requests

from recmtl.artifacts.atomic import open_atomic
from recmtl.artifacts.explain import bytes_text, reading
from recmtl.artifacts.progress import SILENT, Progress
from recmtl.errors import ConfigError, DamagedError, MissingError

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = (10, 60)
"""To connect, and between two pieces of the answer."""
PAUSES_SECONDS = (1.0, 4.0)
"""Before the second and the third try, when the network or the server failed."""
_PASSING = {429, 500, 502, 503, 504}  # answers that another try may change
_HINT = "Fetch the file in another way and give it with --from DIR|FILE|URL."


def fetch(url: str, target: Path, *, sha256: str | None, max_bytes: int, progress: Progress = SILENT) -> None:
    """Bring the file at an https://, http:// or file:// address to `target`, and tell `progress` how far it is.

    Plain http is used only with a known `sha256` or from this very machine, and a redirect away from https only with
    a known `sha256`. Nothing appears at `target` before size and checksum are known to be right.
    Errors: ConfigError for an address of another kind; MissingError for no network, no answer, no such file, an
    unsafe redirect, a full disk; DamagedError for a wrong checksum or more than `max_bytes`.
    """
    address = urlsplit(url)
    if address.scheme == "file":
        path = Path(url2pathname(address.path))
        return copy_checked(path, target, sha256=sha256, max_bytes=max_bytes, progress=progress)
    if address.scheme not in ("https", "http") or not address.hostname:
        shown = _shown(address) if address.netloc else url
        raise ConfigError(f"{shown!r} is no address to download from.", hint="Give an https:// or file:// address.")
    if address.scheme == "http" and sha256 is None and not _is_loopback(address.hostname):
        raise ConfigError(
            f"{_shown(address)} is not encrypted, and no sha256 is known to check the file with.",
            hint="Give an https:// address.",
        )
    for pause in PAUSES_SECONDS:
        try:
            return _download(url, target, sha256, max_bytes, progress)
        except _Passing:
            time.sleep(pause)
    _download(url, target, sha256, max_bytes, progress)


def copy_checked(
    source: Path, target: Path, *, sha256: str | None, max_bytes: int, progress: Progress = SILENT
) -> None:
    """The same for a file on this machine. MissingError if it is not there or no regular file."""
    with reading(source):
        if source.exists() and not source.is_file() and not source.is_dir():
            raise MissingError(f"{source} is a device or a pipe; a file is needed.")
        with source.open("rb") as read, _checked(target, str(source), sha256, max_bytes, progress) as write:
            progress.begin(target.name, source.stat().st_size)
            while chunk := read.read(CHUNK_BYTES):
                write.write(chunk)


class _Passing(MissingError):
    """A failure of the network or the server that may be gone at the next try."""


class _Meter:
    """A file that counts and hashes what is written to it, and refuses more than it may hold."""

    def __init__(self, file: BinaryIO, source: str, max_bytes: int, progress: Progress) -> None:
        self._file = file
        self._watcher = progress
        self._source = source
        self._max_bytes = max_bytes
        self.bytes = 0
        self.sha256 = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self.bytes += len(chunk)
        if self.bytes > self._max_bytes:
            raise _too_large(self._source, self._max_bytes)
        self.sha256.update(chunk)
        self._file.write(chunk)
        self._watcher.advance(len(chunk))

    def flush(self) -> None:
        """Pooch flushes after every piece; the sync at the end is the one that counts."""


@contextmanager
def _checked(target: Path, source: str, sha256: str | None, max_bytes: int, progress: Progress) -> Iterator[_Meter]:
    with open_atomic(target) as file:
        meter = _Meter(file, source, max_bytes, progress)
        yield meter
        found = meter.sha256.hexdigest()
        if sha256 is not None and found != sha256.lower():
            raise DamagedError(
                f"{source} has the sha256 {found}; expected is {sha256.lower()}.",
                hint=f"It is damaged or has been changed by its publisher. {_HINT}",
            )


class _Gate:
    """Looks at every answer before its body is read: where it redirects to, and how much it announces."""

    def __init__(self, source: str, sha256: str | None, max_bytes: int, begin: Callable[[int], None]) -> None:
        self._source = source
        self._sha256 = sha256
        self._max_bytes = max_bytes
        self._begin = begin
        self.announced: int | None = None

    def __call__(self, response: requests.Response, *_: Any, **__: Any) -> None:
        if response.is_redirect:
            goal = urlsplit(urljoin(response.url, response.headers["location"]))
            if goal.scheme != "https" and (goal.scheme != "http" or self._sha256 is None):
                raise MissingError(
                    f"{self._source} redirects to {_shown(goal)}, which is not encrypted, and no sha256 is known.",
                    hint=_HINT,
                )
        elif "content-encoding" not in response.headers:  # else the number is not the file's
            self.announced = int(response.headers.get("content-length", -1))
            if self.announced > self._max_bytes:
                raise _too_large(self._source, self._max_bytes)
        if response.ok and not response.is_redirect:
            self._begin(max(self.announced or 0, 0))


def _download(url: str, target: Path, sha256: str | None, max_bytes: int, progress: Progress) -> None:
    source = _shown(urlsplit(url))
    gate = _Gate(source, sha256, max_bytes, lambda size: progress.begin(target.name, size))
    get = pooch.HTTPDownloader(
        chunk_size=CHUNK_BYTES,  # pooch's own is 1 kB
        timeout=TIMEOUT_SECONDS,
        headers={"Accept-Encoding": "identity"},  # or requests would ask for gzip and unpack it
        hooks={"response": gate},
    )
    with _checked(target, source, sha256, max_bytes, progress) as meter:
        try:
            get(url, meter, None)
        except requests.RequestException as error:
            raise _failed(source, error) from error
        if gate.announced not in (None, -1, meter.bytes):
            raise _Passing(f"{source} broke off after {meter.bytes} of {gate.announced} bytes.", hint=_HINT)


def _failed(source: str, error: requests.RequestException) -> MissingError:
    """What went wrong, without the error's own text: it repeats the address with the secrets that may be in it."""
    if error.response is not None and not error.response.ok:
        status = f"{error.response.status_code} {error.response.reason}"
        kind = _Passing if error.response.status_code in _PASSING else MissingError
        return kind(f"{source} answers {status}.", hint=_HINT)
    if isinstance(error, requests.Timeout):
        return _Passing(f"{source} does not answer in time.", hint=_HINT)
    if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return _Passing(f"{source} cannot be reached, or broke off: is there a network?", hint=_HINT)
    return MissingError(f"{source} cannot be downloaded ({type(error).__name__}).", hint=_HINT)


def _too_large(source: str, max_bytes: int) -> DamagedError:
    return DamagedError(
        f"{source} is larger than {bytes_text(max_bytes)}, the most that this file may have.",
        hint=f"It is not the file expected. {_HINT}",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(address: SplitResult) -> str:
    """The address for messages, without a password or a signed query."""
    host = address.netloc.rpartition("@")[2]
    return f"{address.scheme}://{host}{address.path}"
