"""One run at a time."""

import os

import pytest

from recmtl.artifacts.lock import hold
from recmtl.errors import LockedError, MissingError


def test_the_second_is_refused_with_the_holders_name(tmp_path):
    target = tmp_path / "runs" / "model"
    with hold(target):
        with pytest.raises(LockedError) as caught, hold(target):
            pytest.fail("two hold one lock")
        assert str(target) in caught.value.message
        assert f"process {os.getpid()} on {os.uname().nodename}, since 20" in caught.value.message
        assert caught.value.exit_code == 75
    with hold(target):
        pass


def test_targets_are_independent_and_need_not_exist(tmp_path):
    with hold(tmp_path / "a"), hold(tmp_path / "b"):
        assert not (tmp_path / "a").exists()


def test_free_after_an_exception_and_nothing_visible_is_left(tmp_path):
    with pytest.raises(KeyboardInterrupt), hold(tmp_path / "a"):
        raise KeyboardInterrupt
    with hold(tmp_path / "a"):
        pass
    assert [p.name for p in tmp_path.iterdir()] == [".a.lock"]


class TestFoldersMadeForTheLock:
    def fails(self, target, *files):
        with pytest.raises(KeyboardInterrupt), hold(target):
            for file in files:
                (target.parent / file).write_text("x")
            raise KeyboardInterrupt

    def test_go_again_when_nothing_was_made_in_them(self, tmp_path):
        self.fails(tmp_path / "a" / "b" / "c")
        assert list(tmp_path.iterdir()) == []

    def test_stay_when_something_was(self, tmp_path):
        self.fails(tmp_path / "a" / "b" / "c", "work")
        assert sorted(p.name for p in (tmp_path / "a" / "b").iterdir()) == [".c.lock", "work"]

    def test_that_were_there_before_stay(self, tmp_path):
        (tmp_path / "a").mkdir()
        self.fails(tmp_path / "a" / "b" / "c")
        self.fails(tmp_path / "a" / "c")
        assert [p.name for p in (tmp_path / "a").iterdir()] == [".c.lock"]

    def test_can_be_held_again_at_once(self, tmp_path):
        for _ in range(3):
            self.fails(tmp_path / "a" / "c")
        with hold(tmp_path / "a" / "c"), pytest.raises(LockedError), hold(tmp_path / "a" / "c"):
            pytest.fail("two hold one lock")


@pytest.mark.parametrize("note", ["", "[]", "{}", "3", '{"pid": 1}', "\x00"])
def test_a_damaged_note_costs_only_the_name(tmp_path, note):
    with hold(tmp_path / "a"):
        (tmp_path / ".a.holder.json").write_text(note)
        with pytest.raises(LockedError, match=r"is locked by another run\.") as caught, hold(tmp_path / "a"):
            pytest.fail("two hold one lock")
        assert caught.value.hint


def test_the_lock_holds_without_a_note(tmp_path):
    (tmp_path / ".a.holder.json").mkdir()
    with hold(tmp_path / "a"), pytest.raises(LockedError), hold(tmp_path / "a"):
        pytest.fail("two hold one lock")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_explained(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(MissingError, match="no permission"), hold(tmp_path / "a"):
        pytest.fail("held without a lock file")
