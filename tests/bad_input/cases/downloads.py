"""Data sets that cannot be brought: wrong names, bad mirrors, hostile archives."""

import shutil
import stat
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bad_input.case import case
from bad_input.spoiling import cut, download_taobao, flip


def mirror(status: int, body: bytes = b"", length: int | None = None) -> str:
    """The address of a server on this machine that answers everything alike."""

    class Server(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def packed(path: Path, files: dict[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, mode << 16
            archive.writestr(info, content)
    return path


def taobao_zip(here: Path, **more: bytes) -> Path:
    files = {path.name: path.read_bytes() for path in (here / "taobao").iterdir()}
    return packed(here / "taobao.zip", files | more)


@case()
def no_data_set_of_that_name(here: Path) -> str:
    return "download adlut"


@case()
def the_sample_needs_no_download(here: Path) -> str:
    return "download sample"


@case()
def it_needs_a_login(here: Path) -> str:
    return "download taobao"


@case()
def from_a_folder_that_is_not_there(here: Path) -> str:
    return "download taobao --from nowhere"


@case()
def from_a_folder_without_a_file(here: Path) -> str:
    (here / "taobao/user_embedding.csv").unlink()
    return "download taobao --from taobao"


@case()
def from_the_empty_path(here: Path) -> str:
    return "download adult --from ''"


@case()
def from_a_single_file_of_three(here: Path) -> str:
    return "download taobao --from taobao/theme_click_log.csv"


@case()
def from_a_folder_with_a_folder_in_place_of_a_file(here: Path) -> str:
    (here / "taobao/user_embedding.csv").unlink()
    (here / "taobao/user_embedding.csv").mkdir()
    return "download taobao --from taobao"


@case()
def a_wrong_checksum(here: Path) -> str:
    return "download adult --from adult"


@case()
def a_mirror_with_a_wrong_checksum(here: Path) -> str:
    return f"download adult --from {(here / 'adult').as_uri()}"


@case()
def a_mirror_without_the_file(here: Path) -> str:
    return f"download adult --from {here.as_uri()}"


@case()
def a_mirror_that_answers_404(here: Path) -> str:
    return f"download adult --from {mirror(404)}"


@case()
def a_mirror_that_wants_a_login(here: Path) -> str:
    return f"download adult --from {mirror(403)}/private"


@case()
def a_hotel_s_page_in_place_of_the_file(here: Path) -> str:
    return f"download adult --from {mirror(200, b'<html>Welcome! Please log in.</html>')}"


@case()
def a_mirror_with_more_than_a_file_may_have(here: Path) -> str:
    return f"download adult --from {mirror(200, b'x', length=10**12)}"


@case()
def an_address_that_is_not_encrypted(here: Path) -> str:
    return "download taobao --from http://example.org/taobao"


@case()
def an_address_of_another_kind(here: Path) -> str:
    return "download adult --from ftp://example.org/adult"


@case()
def an_address_with_a_password_is_not_repeated(here: Path) -> str:
    return f"download adult --from {mirror(404).replace('http://', 'http://me:secret@')}"


@case()
def a_zip_that_is_cut_off(here: Path) -> str:
    cut(taobao_zip(here), 0.9)
    return "download taobao --from taobao.zip"


@case()
def a_zip_with_a_flipped_bit(here: Path) -> str:
    flip(taobao_zip(here))
    return "download taobao --from taobao.zip"


@case()
def a_zip_that_is_no_zip(here: Path) -> str:
    (here / "taobao.zip").write_text("<html>404</html>")
    return "download taobao --from taobao.zip"


@case()
def an_empty_zip(here: Path) -> str:
    (here / "taobao.zip").write_bytes(b"")
    return "download taobao --from taobao.zip"


@case()
def a_zip_without_a_file(here: Path) -> str:
    packed(here / "taobao.zip", {"theme_click_log.csv": b"", "README.txt": b""})
    return "download taobao --from taobao.zip"


@case()
def a_zip_entry_that_climbs_out_of_its_folder(here: Path) -> str:
    taobao_zip(here, **{"../../evil.csv": b"evil"})
    return "download taobao --from taobao.zip"


@case()
def a_zip_entry_with_an_absolute_path(here: Path) -> str:
    taobao_zip(here, **{str(here / "evil.csv"): b"evil"})
    return "download taobao --from taobao.zip"


@case()
def a_zip_with_a_file_twice(here: Path) -> str:
    taobao_zip(here, **{"old/theme_click_log.csv": b"", "new/theme_click_log.csv": b""})
    path = here / "taobao.zip"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name != "theme_click_log.csv"}
    packed(path, files)
    return "download taobao --from taobao.zip"


@case()
def a_zip_with_links(here: Path) -> str:
    names = ("theme_click_log.csv", "user_embedding.csv", "item_embedding.csv")
    packed(here / "taobao.zip", dict.fromkeys(names, b"/etc/passwd"), mode=stat.S_IFLNK | 0o777)
    return "download taobao --from taobao.zip"


@case()
def a_zip_bomb(here: Path) -> str:
    taobao_zip(here, **{"theme_click_log.csv": bytes(1 << 25)})
    return "download taobao --from taobao.zip"


@case()
def an_archive_of_another_kind(here: Path) -> str:
    (here / "taobao.rar").write_bytes(b"Rar!\x1a\x07\x01\x00")
    return "download taobao --from taobao.rar"


@case()
def what_was_brought_by_hand_is_damaged(here: Path) -> str:
    flip(download_taobao(here) / "theme_click_log.csv")
    return "download taobao"


@case()
def a_place_that_is_taken_by_files_of_the_user_s(here: Path) -> str:
    (here / "data/raw").mkdir()
    shutil.copytree(here / "taobao", here / "data/raw/taobao")
    return "download taobao --from taobao"
