"""What the operating system is asked, and what is done where it cannot."""

import ctypes
import errno
import os

import pytest

from recmtl.artifacts import syncing


class Library:
    """A C library whose renameat2 fails."""

    def __init__(self, number):
        self.number = number

    def renameat2(self, *arguments):
        ctypes.set_errno(self.number)
        return -1


def test_exchange_swaps_two_folders(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
    if not syncing.exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system cannot exchange names")
    assert (tmp_path / "a" / "x").read_text() == "b"
    assert (tmp_path / "b" / "x").read_text() == "a"


def test_exchange_with_nothing_is_an_error_that_names_both(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(FileNotFoundError) as caught:
        syncing.exchange(tmp_path / "a", tmp_path / "b")
    assert caught.value.filename == str(tmp_path / "a")
    assert caught.value.filename2 == str(tmp_path / "b")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL])
def test_exchange_says_so_where_it_cannot(tmp_path, monkeypatch, number):
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library(number))
    assert not syncing.exchange(tmp_path / "a", tmp_path / "b")


def test_exchange_says_so_without_the_call(tmp_path, monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    assert not syncing.exchange(tmp_path / "a", tmp_path / "b")


def test_exchange_says_so_on_other_systems(tmp_path, monkeypatch):
    monkeypatch.setattr(syncing.sys, "platform", "freebsd14")
    assert not syncing.exchange(tmp_path / "a", tmp_path / "b")


def test_a_claim_follows_a_rename_and_ends_with_the_block(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    with syncing.claimed(one):
        one.rename(other)
        assert syncing.is_claimed(other)
    assert not syncing.is_claimed(other)
    assert syncing.is_claimed(one), "what is gone is nobody's to sweep"


def test_without_locks_nobody_is_refused(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(syncing.fcntl, "flock", no_locks)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    assert syncing.claim(descriptor)
    os.close(descriptor)


def test_links_in_a_tree_are_not_followed(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    syncing.sync_tree(tmp_path)
