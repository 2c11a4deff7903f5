"""Downloads over real sockets: right or not there, and never by an unsafe way."""

import gzip
import hashlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3

from recmtl.artifacts import download
from recmtl.artifacts.download import copy_checked, fetch
from recmtl.errors import ConfigError, DamagedError, MissingError

BODY = bytes(range(256)) * 2000
SIZE = len(BODY)
SHA256 = hashlib.sha256(BODY).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Each path misbehaves in its own way."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        getattr(self, "get_" + self.path.strip("/").split("?")[0].replace("-", "_"))()

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def get_file(self):
        assert self.headers["accept-encoding"] == "identity"
        self.reply(200, BODY, content_length=SIZE)

    def get_absent(self):
        self.reply(404)

    def get_broken(self):
        self.reply(503)

    def get_broken_once(self):
        if len(self.server.asked) > 1:
            self.get_file()
        else:
            self.get_broken()

    def get_short(self):
        self.reply(200, BODY[:-1], content_length=SIZE)

    def get_endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(BODY)
        except OSError:
            self.server.hung_up = True

    def get_announced_huge(self):
        self.reply(200, BODY, content_length=10**12)

    def get_packed(self):
        self.reply(200, gzip.compress(BODY), content_encoding="gzip", content_length=len(gzip.compress(BODY)))

    def get_slow(self):
        time.sleep(1)
        self.get_file()

    def get_loop(self):
        self.reply(302, location="/loop")

    def get_to_file(self):
        self.reply(302, location="/file")

    def get_to_https(self):
        self.reply(302, location=f"https://127.0.0.1:{closed_port()}/file")

    def get_to_local_file(self):
        self.reply(302, location="file:///etc/passwd")


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(download, "PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", (0.3, 0.3))
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.asked = []
        server.handle_error = lambda *_: None  # clients that hang up are what is tested
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path):
    """Whatever happens, its folder must hold the right file or nothing."""
    folder = tmp_path / "raw"
    folder.mkdir()
    yield folder / "data.bin"
    assert [(p.name, p.read_bytes()) for p in folder.iterdir()] in ([], [("data.bin", BODY)])


def get(server, path, target, sha256=None, max_bytes=SIZE):
    fetch(server.url + path, target, sha256=sha256, max_bytes=max_bytes)


@pytest.mark.parametrize("path", ["/file", "/broken-once", "/packed"])
@pytest.mark.parametrize("sha256", [None, SHA256, SHA256.upper()])
def test_the_right_file_arrives(server, target, path, sha256):
    get(server, path, target, sha256)
    assert target.read_bytes() == BODY


class Told:
    """Remembers what it is told."""

    def __init__(self):
        self.passes, self.bytes = [], []

    def begin(self, what, size, /):
        self.passes.append((what, size))
        self.bytes.append(0)

    def advance(self, size, /):
        self.bytes[-1] += size

    def say(self, text, /):
        raise AssertionError("a file has nothing to say")


@pytest.mark.parametrize(
    ("path", "announced"), [("/file", SIZE), ("/to-file", SIZE), ("/broken-once", SIZE), ("/packed", 0)]
)
def test_it_tells_how_far_it_is(server, target, path, announced):
    """0 where the answer does not say how long the file itself is; an answer that fails is no pass."""
    told = Told()
    fetch(server.url + path, target, sha256=SHA256, max_bytes=SIZE, progress=told)
    assert (told.passes, told.bytes) == ([("data.bin", announced)], [SIZE])


def test_a_try_after_one_that_broke_off_begins_again(server, tmp_path):
    told = Told()
    with pytest.raises(MissingError):
        fetch(server.url + "/short", tmp_path / "x", sha256=SHA256, max_bytes=SIZE, progress=told)
    assert told.passes == [("x", SIZE)] * 3


def test_a_copy_tells_how_far_it_is(target, tmp_path):
    (tmp_path / "source").write_bytes(BODY)
    told = Told()
    copy_checked(tmp_path / "source", target, sha256=SHA256, max_bytes=SIZE, progress=told)
    assert (told.passes, told.bytes) == ([("data.bin", SIZE)], [SIZE])


def test_it_replaces_an_older_file_only_when_it_is_right(server, tmp_path):
    target = tmp_path / "x"
    target.write_text("old")
    with pytest.raises(DamagedError):
        get(server, "/file", target, sha256="0" * 64)
    assert target.read_text() == "old"
    get(server, "/file", target)
    assert target.read_bytes() == BODY


def test_a_wrong_checksum_names_both(server, target):
    with pytest.raises(DamagedError) as caught:
        get(server, "/file", target, sha256="0" * 64)
    assert SHA256 in caught.value.message
    assert "0" * 64 in caught.value.message
    assert not target.exists()


@pytest.mark.parametrize(
    ("path", "text", "tries"),
    [
        ("/absent", "answers 404 Not Found", 1),
        ("/broken", "answers 503", 3),
        ("/short", "broke off", 3),
        ("/slow", "does not answer in time", 0),
    ],
)
def test_failures_say_what_and_how_to_mend(server, target, path, text, tries):
    with pytest.raises(MissingError, match=text) as caught:
        get(server, path, target)
    assert "--from DIR|FILE|URL" in caught.value.hint
    assert not target.exists()
    if tries:
        assert len(server.asked) == tries


def test_redirects_come_to_an_end(server, target):
    with pytest.raises(MissingError, match="TooManyRedirects"):
        get(server, "/loop", target, sha256=SHA256)


def test_a_short_answer_is_seen_where_the_library_does_not_look(server, target, monkeypatch):
    """urllib3 before version 2 took a connection that broke off for the end of the file."""
    lax = property(lambda self: False, lambda self, value: None)
    monkeypatch.setattr(urllib3.response.HTTPResponse, "enforce_content_length", lax, raising=False)
    with pytest.raises(MissingError, match=f"broke off after {SIZE - 1} of {SIZE} bytes"):
        get(server, "/short", target)


def test_no_network(target, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(download, "PAUSES_SECONDS", (0.0, 0.0))
    for url in (f"http://127.0.0.1:{closed_port()}/x", "https://no-such-host.invalid/x"):
        with pytest.raises(MissingError, match="cannot be reached"):
            fetch(url, target, sha256=None, max_bytes=10)


@pytest.mark.parametrize("path", ["/file", "/announced-huge", "/endless", "/packed"])
def test_more_than_the_limit_is_refused(server, target, path):
    with pytest.raises(DamagedError, match=r"is larger than 512\.0 kB"):
        get(server, path, target, max_bytes=SIZE - (path != "/announced-huge"))
    assert not target.exists()


def test_redirects_need_https_or_a_checksum(server, target):
    with pytest.raises(MissingError, match=r"redirects to http://.*, which is not encrypted"):
        get(server, "/to-file", target)
    with pytest.raises(MissingError, match="redirects to file://"):
        get(server, "/to-local-file", target, sha256=SHA256)
    with pytest.raises(MissingError, match="cannot be reached"):  # it was followed: there is only nobody
        get(server, "/to-https", target)
    get(server, "/to-file", target, sha256=SHA256)
    assert target.exists()


@pytest.mark.parametrize("url", ["http://example.com/x", "http://user:secret@example.com:80/x?token=secret"])
def test_plain_http_needs_a_checksum(target, url):
    with pytest.raises(ConfigError, match="is not encrypted") as caught:
        fetch(url, target, sha256=None, max_bytes=10)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://me:secret@host/x", "/just/a/path", "https://", "http:///x", "doi:10.5/x", ""])
def test_other_addresses_are_refused(target, url):
    with pytest.raises(ConfigError, match="is no address to download from") as caught:
        fetch(url, target, sha256=None, max_bytes=10)
    assert "secret" not in str(caught.value)


def test_secrets_in_an_address_stay_out_of_messages(server, target):
    url = server.url.replace("http://", "http://me:secret@") + "/absent?signature=secret"
    with pytest.raises(MissingError) as caught:
        fetch(url, target, sha256=None, max_bytes=10)
    assert "secret" not in str(caught.value)
    assert "/absent answers 404" in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_trusted(host):
    assert download._is_loopback(host)


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com", "::2"])
def test_other_machines_are_not(host):
    assert not download._is_loopback(host)


def test_file_addresses_are_copied(tmp_path, target):
    source = tmp_path / "with space.bin"
    source.write_bytes(BODY)
    fetch(source.as_uri(), target, sha256=SHA256, max_bytes=SIZE)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    ("sha256", "max_bytes", "text"),
    [("0" * 64, SIZE, "has the sha256"), (SHA256, SIZE - 1, "is larger than")],
)
def test_a_copy_is_checked_like_a_download(tmp_path, target, sha256, max_bytes, text):
    (tmp_path / "x").write_bytes(BODY)
    with pytest.raises(DamagedError, match=text):
        copy_checked(tmp_path / "x", target, sha256=sha256, max_bytes=max_bytes)


@pytest.mark.parametrize(("name", "text"), [("gone", "is not there"), (".", "is a folder"), ("/dev/zero", "a device")])
def test_what_cannot_be_copied(tmp_path, target, name, text):
    with pytest.raises(MissingError, match=text):
        copy_checked(tmp_path / name, target, sha256=None, max_bytes=10)
