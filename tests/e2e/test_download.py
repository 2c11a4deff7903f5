"""download where files are packed: MovieLens in its archive, Census in gzip files that anyone may have packed anew."""

import gzip
import json
import shutil
import zipfile

import pytest

from recmtl import sample_data

RATINGS = "506d64ca44484487c11dc2d9a28de5c54948213e6b96285e298afe28d6ea4e0f"
CENSUS_TRAIN = "3676a81db7d3528f3f8b9f3c699d0f0aa28db45e6e994fa0b8ed38327539ee86"
NOWHERE = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "no_proxy": ""}


def packed(path, **contents):
    """A zip of the sample's files, which are not the published ones; `climbing` and others come on top."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((sample_data.folder() / "movielens").iterdir()):
            archive.write(file, f"ml-1m/{file.name}")
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(scope="module")
def movielens(real_data, tmp_path_factory):
    """Folders with the published archive, and with its files."""
    archive, apart = real_data("movielens-1m"), tmp_path_factory.mktemp("apart")
    with zipfile.ZipFile(archive / "ml-1m.zip") as opened:
        opened.extractall(apart)
    return archive, apart / "ml-1m"


class TestMovielens:
    @pytest.mark.parametrize("given", ["archive", "its folder", "its address", "a mirror", "its files"])
    def test_wherever_it_comes_from(self, tmp_path, movielens, cli, given):
        folder, apart = movielens
        source = {
            "archive": folder / "ml-1m.zip", "its folder": folder, "its files": apart,
            "its address": (folder / "ml-1m.zip").as_uri(), "a mirror": folder.as_uri(),
        }[given]  # fmt: skip
        ran = cli("download", "movielens_1m", "--from", str(source), cwd=tmp_path)
        assert ran.code == 0, ran.err
        taken = tmp_path / "data/raw/movielens_1m"
        assert {path.name for path in taken.iterdir()} == {
            "ratings.dat", "users.dat", "movies.dat", "source.json", "manifest.json",
        }  # fmt: skip
        for name in ("ratings.dat", "users.dat", "movies.dat"):
            assert (taken / name).read_bytes() == (apart / name).read_bytes()
        record = json.loads((taken / "source.json").read_text())
        assert {file["name"]: file["sha256"] for file in record["files"]}["ratings.dat"] == RATINGS
        shown = (folder / "ml-1m.zip").as_uri() if given == "a mirror" else str(source)
        assert {file["address"] for file in record["files"]} == {shown}

    def test_packed_anew_it_is_the_same(self, tmp_path, movielens, cli):
        archive = shutil.make_archive(str(tmp_path / "mine"), "gztar", movielens[1])
        assert cli("download", "movielens_1m", "--from", archive, cwd=tmp_path).code == 0
        ran = cli("download", "movielens_1m", cwd=tmp_path)
        assert (ran.code, ran.out) == (0, "download: done already: data/raw/movielens_1m\n")

    def test_without_a_network_the_archive_s_address_is_named(self, tmp_path, recmtl):
        ran = recmtl("download", "movielens_1m", "--json", cwd=tmp_path, env=NOWHERE)
        assert ran.code == 5
        assert "https://files.grouplens.org/datasets/movielens/ml-1m.zip" in ran.json["message"]
        assert "--from" in ran.json["hint"]

    def test_other_ratings_are_refused(self, tmp_path, cli):
        for source in (packed(tmp_path / "ml-1m.zip"), sample_data.folder() / "movielens"):
            ran = cli("download", "movielens_1m", "--from", str(source), cwd=tmp_path)
            assert ran.code == 6 and RATINGS in ran.err and "ratings.dat" in ran.err
        assert not (tmp_path / "data/raw/movielens_1m").exists()

    @pytest.mark.parametrize("name", ["../evil.dat", "ml-1m/../../evil.dat", "/evil.dat"])
    def test_an_entry_that_climbs_out_is_refused(self, tmp_path, cli, name):
        source, workspace = tmp_path / "given", tmp_path / "workspace"
        source.mkdir()
        workspace.mkdir()
        archive = packed(source / "ml-1m.zip", **{name: "evil"})
        for given in (archive, source, archive.as_uri()):
            ran = cli("download", "movielens_1m", "--from", str(given), cwd=workspace)
            assert ran.code == 6 and "leads out of it" in ran.err and name in ran.err
        assert not list(tmp_path.rglob("*.dat"))

    def test_a_file_there_twice_is_refused(self, tmp_path, cli):
        archive = packed(tmp_path / "ml-1m.zip", **{"other/ratings.dat": "1::2::3::4\n"})
        ran = cli("download", "movielens_1m", "--from", str(archive), cwd=tmp_path)
        assert ran.code == 6 and "'ratings.dat' could be" in ran.err

    def test_a_folder_without_them_says_what_is_needed(self, tmp_path, cli):
        ran = cli("download", "movielens_1m", "--from", str(tmp_path), cwd=tmp_path)
        assert ran.code == 5
        assert "ratings.dat, users.dat, movies.dat; or ml-1m.zip" in ran.err


class TestCensus:
    def test_packed_anew_it_is_the_same(self, tmp_path, real_data, cli):
        source = tmp_path / "given"
        source.mkdir()
        for path in real_data("census-income").glob("*.gz"):
            (source / path.name).write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1))
        for given in (source, real_data("census-income")):
            shutil.rmtree(tmp_path / "data", ignore_errors=True)
            ran = cli("download", "census", "--from", str(given), cwd=tmp_path)
            assert ran.code == 0, ran.err
            for path in given.glob("*.gz"):
                assert (tmp_path / "data/raw/census" / path.name).read_bytes() == path.read_bytes()
        assert "done already" in cli("download", "census", "--from", str(source), cwd=tmp_path).out

    @pytest.mark.parametrize("content", [gzip.compress(b"73, Private\n", mtime=0), b"73, Private\n"])
    def test_other_content_is_refused(self, tmp_path, cli, content):
        for part in ("data", "test"):
            (tmp_path / f"census-income.{part}.gz").write_bytes(content)
        for given in (str(tmp_path), tmp_path.as_uri()):
            ran = cli("download", "census", "--from", given, cwd=tmp_path)
            assert ran.code == 6
            assert "census-income.data.gz" in ran.err and CENSUS_TRAIN in ran.err and str(tmp_path) in ran.err
        assert not (tmp_path / "data/raw/census").exists()

    def test_a_file_that_breaks_off_is_refused(self, tmp_path, cli):
        for part in ("data", "test"):
            (tmp_path / f"census-income.{part}.gz").write_bytes(gzip.compress(b"73, Private\n" * 1000)[:-9])
        assert cli("download", "census", "--from", str(tmp_path), cwd=tmp_path).code == 6
