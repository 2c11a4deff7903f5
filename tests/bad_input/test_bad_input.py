"""Runs the catalogue: each case ends in its golden error, and changes nothing that was there."""

import re
import shlex
from fnmatch import fnmatch
from pathlib import Path

import pytest

from bad_input.case import Case
from bad_input.cases import CASES
from bad_input.goldens import Golden, read_goldens, write_goldens
from recmtl.errors import RecmtlError

LOCKS_AND_HASHES = re.compile(r"(.*/)?\.[^/]+\.lock|\.recmtl(/hashes\.json)?")
"""What a command may always leave: it is hidden, and means nothing."""
REAL = (
    "config.a_key_twice",
    "disks.full_when_a_split_is_made",
    "masks.of_another_model",
    "tables.text_stands_where_a_number_belongs",
    "tfrecord.the_packed_file_is_corrupt",
)
"""Cases that run in a process of their own too."""
INTERNALS = re.compile(r"Error\b|Errno|Traceback|DuckDB|pydantic|[Pp]ickl|torch\.|0x|object at|NoneType|None\b|\.\.$")
"""What no user should have to read."""


@pytest.fixture(scope="module")
def goldens(request):
    update = request.config.getoption("--update-goldens", default=False)
    known = read_goldens()
    yield None if update else known
    if update:
        known = {**known, **SEEN}
        write_goldens({name: known[name] for name in CASES if name in known})


SEEN: dict[str, str] = {}
"""What the cases said."""


def content(here: Path) -> dict[str, bytes | str]:
    """Every file, folder and link below, apart from those above."""
    return {
        name: str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "no file"
        for path in here.rglob("*")
        if not LOCKS_AND_HASHES.fullmatch(name := path.relative_to(here).as_posix())
    }


def check(case: Case, here: Path, run, goldens) -> None:
    command = case.spoil(here)
    before = content(here)
    name, *words = shlex.split(command)
    ran = run(name, "--json", *words, cwd=here)
    document = ran.json
    assert "Traceback" not in ran.err
    assert (document["status"], document["code"]) == ("error", ran.code)
    assert ran.err.endswith(f"error: {RecmtlError(document['message'], hint=document['hint'])}\n")
    after = content(here)
    left = {name for name in after if name not in before and not any(fnmatch(name, p) for p in case.leaves)}
    assert {name: after[name] for name in after if name in before} == before
    assert not left, "half-made files are left"
    golden = Golden.seen(command, ran.code, document["message"], document["hint"], here)
    SEEN[case.name] = golden.text()
    assert goldens is None or golden.text() == goldens.get(case.name)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_case(case, here, cli, goldens):
    check(case, here, cli, goldens)


def test_every_golden_belongs_to_a_case_and_says_nothing_of_our_insides(goldens):
    assert goldens is None or list(goldens) == list(CASES)
    for name, text in (goldens or {}).items():
        said = text.partition("\n")[2]
        assert said.startswith(("2: ", "3: ", "5: ", "6: ")), name
        assert not [line for line in said.splitlines() if INTERNALS.search(line)], name


@pytest.mark.parametrize("case", [CASES[name] for name in REAL], ids=lambda case: case.name)
def test_case_in_a_process_of_its_own(case, here, recmtl, goldens):
    check(case, here, recmtl, goldens)
