"""What cases do to files."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from recmtl.artifacts import manifest
from recmtl.pipelines.download import Download
from recmtl.pipelines.stage import Stage, execute
from recmtl.pipelines.workspace import Workspace


class Silent:
    """No progress."""

    def begin(self, what: str, rows: int) -> None: ...
    def advance(self, rows: int) -> None: ...
    def say(self, text: str) -> None: ...


def cut(path: Path, share: float = 0.5) -> None:
    """Keep the beginning."""
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def flip(path: Path, place: float = 0.5) -> None:
    """Turn one bit round."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.write_bytes(content)


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first `old`."""
    text = path.read_text()
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new, 1))


def change_line(path: Path, number: int, change: Callable[[str], str]) -> None:
    """Change one line, counted from 1."""
    lines = path.read_text().split("\n")
    lines[number - 1] = change(lines[number - 1])
    path.write_text("\n".join(lines))


def run(here: Path, stage: Stage) -> None:
    """Run a stage that comes before."""
    execute(stage, Workspace(here), Silent())


def download_taobao(here: Path) -> Path:
    """Bring the files in `taobao`, whatever is in them: they have no published sums. Returns the raw folder."""
    run(here, Download("taobao", str(here / "taobao")))
    return here / "data/raw/taobao"


def publish_raw(here: Path, dataset: str, files: Mapping[str, bytes]) -> None:
    """A raw folder as `download` would leave it if the publisher's own files were these."""
    folder = here / "data/raw" / dataset
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    manifest.write(
        folder, stage="download", fingerprint="", config={}, inputs={}, seed=None, started="", seconds=0, notes={}
    )


def publish_adult(here: Path) -> None:
    """The files in `adult` as the publisher's."""
    publish_raw(here, "adult", {path.name: path.read_bytes() for path in (here / "adult").iterdir()})


def fill(disk: Path, leave: int) -> None:
    """Leave so many bytes free."""
    stat = os.statvfs(disk)
    (disk / "filler").write_bytes(b"x" * (stat.f_bavail * stat.f_frsize - leave))
