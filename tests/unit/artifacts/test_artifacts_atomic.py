"""Files and folders appear whole or not at all, and what a run leaves is swept."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from recmtl.artifacts import atomic
from recmtl.artifacts.atomic import discard, open_atomic, publish, remove_leftovers, write_bytes, write_text
from recmtl.artifacts.explain import bytes_text, reading, writing
from recmtl.errors import DamagedError, MissingError


def tree(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def content(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_write_creates_missing_folders_and_replaces(tmp_path):
    path = tmp_path / "a" / "b" / "x.txt"
    write_text(path, "one\r\nzwei ä\n")
    assert path.read_bytes() == "one\r\nzwei ä\n".encode()
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["x.txt"]


def test_a_failed_block_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(RuntimeError), open_atomic(path) as file:
        file.write(b"half of the n")
        raise RuntimeError
    assert content(tmp_path) == {"x": "old"}


def test_the_umask_decides_who_may_read(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "x", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_names_as_long_as_the_system_allows(tmp_path):
    write_text(tmp_path / ("n" * 255), "x")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("exchangeable", [True, False])
def test_publish_replaces_the_whole_folder(tmp_path, monkeypatch, exchangeable):
    if not exchangeable:
        monkeypatch.setattr(atomic, "exchange", lambda one, other: False)
    target = tree(tmp_path / "model", old="1", sub__gone="2")
    publish(tree(tmp_path / ".train.partial", new="3"), target)
    assert content(tmp_path) == {"model/new": "3"}


def test_publish_into_a_folder_that_does_not_exist_yet(tmp_path):
    partial = tree(tmp_path / "run" / ".prune.partial", mask="1", deep__er="2")
    publish(partial, tmp_path / "run" / "tickets" / "click")
    assert content(tmp_path) == {"run/tickets/click/mask": "1", "run/tickets/click/deep/er": "2"}


def test_publish_replaces_a_link_and_leaves_what_it_leads_to(tmp_path):
    elsewhere = tree(tmp_path / "big_disk", keep="1")
    (tmp_path / "model").symlink_to(elsewhere)
    publish(tree(tmp_path / "p", new="2"), tmp_path / "model")
    assert content(tmp_path) == {"big_disk/keep": "1", "model/new": "2"}
    assert not (tmp_path / "model").is_symlink()


def test_publish_leaves_out_what_a_killed_write_left_in_the_work(tmp_path):
    partial = tree(tmp_path / "p", good="1", sub__good="2")
    (partial / "sub" / ".recmtl-new-dead").write_text("half")
    publish(partial, tmp_path / "t")
    assert content(tmp_path / "t") == {"good": "1", "sub/good": "2"}


def test_publish_puts_the_old_back_if_the_new_cannot_be_moved(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "exchange", lambda one, other: False)
    target = tree(tmp_path / "t", old="1")
    partial = tree(tmp_path / "p", new="2")
    rename = Path.rename

    def broken(self, other):
        if self == partial:
            raise OSError(errno.EIO, "input/output error")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(OSError, match="input/output"):
        publish(partial, target)
    assert content(tmp_path) == {"t/old": "1", "p/new": "2"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_everything_is_synced_before_the_name_and_the_name_after(tmp_path, monkeypatch):
    """What a power loss would spare: contents first, then the names that lead to them."""
    events: list[str] = []
    fsync, swap = os.fsync, atomic.exchange

    def spy_fsync(descriptor):
        events.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def spy_exchange(one, other):
        events.append("exchange")
        return swap(one, other)

    target = tree(tmp_path / "t", old="1")
    partial = tree(tmp_path / "p", a="1", sub__b="2")
    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(atomic, "exchange", spy_exchange)
    publish(partial, target)
    at = events.index("exchange")
    p = str(partial)
    assert {f"{p}/a", f"{p}/sub/b", f"{p}/sub", p} <= set(events[:at])
    assert events.index(f"{p}/sub/b") < events.index(f"{p}/sub") < events.index(p)
    assert str(tmp_path) in events[at:]


def test_a_written_file_is_synced_before_its_name(tmp_path, monkeypatch):
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (events.append("fsync"), fsync(descriptor)))
    monkeypatch.setattr(Path, "replace", lambda self, other: (events.append("replace"), replace(self, other)))
    write_text(tmp_path / "x", "1")
    assert events == ["fsync", "replace", "fsync"]


def test_sweep_removes_the_dead_and_spares_everything_else(tmp_path):
    tree(tmp_path, **{".recmtl-new-1": "half", ".recmtl-trash-2__x": "x", ".hidden": "h", "model__w": "w"})
    tree(tmp_path, **{".train-mtl.partial__checkpoint": "c"})
    remove_leftovers(tmp_path)
    remove_leftovers(tmp_path / "not there")
    assert content(tmp_path) == {".hidden": "h", "model/w": "w", ".train-mtl.partial/checkpoint": "c"}


def test_sweep_puts_back_what_was_set_aside_and_never_replaced(tmp_path):
    tree(tmp_path, **{".recmtl-old-1-lost-one__w": "1", ".recmtl-old-2-kept__w": "2", "kept__w": "3"})
    remove_leftovers(tmp_path)
    assert content(tmp_path) == {"lost-one/w": "1", "kept/w": "3"}


def test_sweep_by_another_process_spares_what_this_one_is_writing(tmp_path):
    sweep = (
        "import sys, pathlib; from recmtl.artifacts import atomic; atomic.remove_leftovers(pathlib.Path(sys.argv[1]))"
    )
    with open_atomic(tmp_path / "x") as file:
        file.write(b"slow")
        subprocess.run([sys.executable, "-c", sweep, str(tmp_path)], check=True)
    assert content(tmp_path) == {"x": "slow"}


def test_a_file_taken_by_a_sweep_in_its_first_instant_is_made_again(tmp_path, monkeypatch):
    claim, taken = atomic.claim, []

    def swept_first(descriptor):
        if not taken:
            taken.extend(tmp_path.glob(".recmtl-new-*"))
            taken[0].unlink()
        return claim(descriptor)

    monkeypatch.setattr(atomic, "claim", swept_first)
    write_text(tmp_path / "x", "1")
    assert taken
    assert content(tmp_path) == {"x": "1"}


def test_discard_removes_files_folders_and_links(tmp_path):
    tree(tmp_path, keep__x="1", folder__deep__y="2", file="3")
    (tmp_path / "link").symlink_to(tmp_path / "keep")
    for name in ("folder", "file", "link"):
        discard(tmp_path / name)
    assert content(tmp_path) == {"keep/x": "1"}
    assert [p.name for p in tmp_path.iterdir()] == ["keep"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.ENOSPC, "no space is left for .*x: .* free"),
        (errno.EDQUOT, "no space is left"),
        (errno.EROFS, "no permission"),
        (errno.ENOENT, "the folder of .*x is not there"),
        (errno.ENOTDIR, "x is a file where a folder is needed"),
        (errno.EEXIST, "x is a file where a folder is needed"),
        (errno.EISDIR, "x is a folder where a file is needed"),
        (errno.ENAMETOOLONG, "the name of .*x is too long"),
        (errno.EFBIG, "x is larger than its disk or a limit"),
    ],
)
def test_failed_writes_are_explained(tmp_path, number, text):
    with pytest.raises(MissingError, match=text) as caught, writing(tmp_path / "deep" / "x"):
        raise OSError(number, os.strerror(number))
    assert caught.value.hint


def test_a_failed_write_names_what_it_was_about(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    for target in (Path("a"), tmp_path / "a"):
        with pytest.raises(MissingError, match=rf"^{target.parent / 'file'} is a file") as caught, writing(target):
            Path(tmp_path / "file").mkdir()
        assert caught.value.__cause__.filename == str(tmp_path / "file")


def test_other_failures_of_a_write_pass_through(tmp_path):
    with pytest.raises(OSError, match="odd") as caught, writing(tmp_path):
        raise OSError(errno.EIO, "odd")
    assert caught.value.errno == errno.EIO


def test_failed_reads_are_explained(tmp_path):
    with pytest.raises(MissingError, match=r"gone is not there"), reading(tmp_path / "gone"):
        (tmp_path / "gone").read_bytes()
    with pytest.raises(MissingError, match=r"is a folder"), reading(tmp_path):
        tmp_path.read_bytes()
    with pytest.raises(MissingError, match=r"there is no permission for /etc/x"), reading(tmp_path):
        raise PermissionError(errno.EACCES, "denied", "/etc/x")
    with pytest.raises(DamagedError, match=r"cannot be read"), reading(tmp_path):
        raise OSError(errno.EIO, "input/output error")
    with pytest.raises(OSError, match="a parser's"), reading(tmp_path):
        raise OSError("a parser's")


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (3_200_000, "3.2 MB"), (5e12, "5.0 TB")]
)
def test_sizes_for_people(size, text):
    assert bytes_text(size) == text
