"""split-domains within a bound of memory: the same split, or a refusal that says what is possible."""

import pytest


def test_the_split_is_the_same_to_the_byte(tmp_path, cli):
    outputs = []
    for name, limit in (("free", ()), ("bound", ("--memory-limit", "512MiB"))):
        workspace = tmp_path / name
        ran = cli("split-domains", "--sample", "--workspace", str(workspace), "--quiet", *limit, cwd=tmp_path)
        assert ran.code == 0, ran.err
        files = sorted(path for path in (workspace / "data/sample").rglob("*") if path.is_file())
        outputs.append(
            {path.relative_to(workspace): path.read_bytes() for path in files if "manifest" not in path.name}
        )
    assert outputs[0] == outputs[1] and len(outputs[0]) > 20


@pytest.mark.parametrize(
    ("size", "words"),
    [("10MB", "10,000,000 bytes is too small"), ("lots", "lots is no size"), ("-4GiB", "-4GiB is no size")],
)
def test_a_limit_that_cannot_be_is_refused_and_nothing_is_left(size, words, tmp_path, cli):
    ran = cli("split-domains", "--sample", "--memory-limit", size, cwd=tmp_path)
    assert ran.code == 2 and words in ran.err and "iB" in ran.err
    assert not list(tmp_path.iterdir())
