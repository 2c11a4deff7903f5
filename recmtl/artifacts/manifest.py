"""manifest.json: what a published folder holds, and what made it. No manifest, no artefact."""

import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from platform import python_version

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from recmtl.artifacts.atomic import write_text
from recmtl.artifacts.code_version import code_version
from recmtl.artifacts.cores import usable_cores
from recmtl.artifacts.explain import reading
from recmtl.artifacts.hashing import HashMemory, digest_json, sha256_file
from recmtl.errors import DamagedError, MissingError

NAME = "manifest.json"
FORMAT = 1
_AGAIN = "Make the folder again with the command that wrote it."
_LIBRARIES = ("torch", "pyarrow", "duckdb", "numpy", "pandas", "pydantic", "scikit-learn")


class OutputFile(BaseModel):
    """A file in the folder, as it was when the folder was published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class Manifest(BaseModel):
    """The facts of one published folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    """Version of this file's layout."""
    stage: str
    """The stage that made the folder, as on the command line."""
    fingerprint: str
    """Digest of all that decides the result; equal fingerprints need not be made again."""
    config: dict[str, JsonValue]
    """The resolved config, defaults filled in."""
    inputs: dict[str, str]
    """Name of an input -> its sha256."""
    outputs: dict[str, OutputFile]
    """Path below the folder (with /) -> what is there."""
    versions: dict[str, str]
    """Python, recmtl and the libraries that results depend on."""
    seed: int | None
    started: str
    """ISO 8601, UTC."""
    seconds: float = Field(ge=0)
    """How long the stage ran."""
    notes: dict[str, JsonValue] = {}
    """Facts of the stage's own."""


def write(
    folder: Path,
    *,
    stage: str,
    fingerprint: str,
    config: dict[str, JsonValue],
    inputs: dict[str, str],
    seed: int | None,
    started: str,
    seconds: float,
    notes: dict[str, JsonValue],
) -> Manifest:
    """Hash every file in `folder` (hidden ones apart) and write its manifest, last of all.

    Errors: ValueError for a link or device in the folder, and for NaN or infinity in `config` or `notes`.
    """
    files = _files(folder)
    with ThreadPoolExecutor(max(1, math.ceil(usable_cores()))) as threads:
        digests = threads.map(sha256_file, files.values())
        outputs = {
            name: OutputFile(sha256=digest, bytes=path.stat().st_size)
            for (name, path), digest in zip(files.items(), digests, strict=True)
        }
    manifest = Manifest(
        stage=stage,
        fingerprint=fingerprint,
        config=config,
        inputs=inputs,
        outputs=outputs,
        versions=_versions(),
        seed=seed,
        started=started,
        seconds=seconds,
        notes=notes,
    )
    _store(folder, manifest)
    return manifest


def remember(folder: Path, manifest: Manifest, notes: dict[str, JsonValue]) -> Manifest:
    """Add to a published folder's notes, in one step; the files it lists are as they were."""
    manifest = manifest.model_copy(update={"notes": {**manifest.notes, **notes}})
    _store(folder, manifest)
    return manifest


def _store(folder: Path, manifest: Manifest) -> None:
    facts = manifest.model_dump()
    # the manifest covers the files; its own digest covers the manifest
    write_text(folder / NAME, json.dumps({**facts, "sha256": digest_json(facts)}, indent=1) + "\n")


def read(folder: Path, again: str = "") -> Manifest:
    """The folder's manifest; says nothing yet about the files it lists. `again` is the command that makes the folder.

    Errors: MissingError if there is none, DamagedError if it cannot be read or is of another format.
    """
    path, mend = folder / NAME, f"Make it again: {again}." if again else _AGAIN
    if not path.is_file():
        what = f"holds no {NAME}: it is no finished result" if folder.is_dir() else "is not there"
        raise MissingError(f"{folder} {what}.", hint=mend)
    with reading(path):
        raw = path.read_bytes()
    try:
        facts = json.loads(raw)
        if facts["format"] != FORMAT:
            raise DamagedError(
                f"{path} is of format {facts['format']!r}; this recmtl reads format {FORMAT}.",
                hint=f"Update recmtl, or {mend[:1].lower()}{mend[1:]}",
            )
        if facts.pop("sha256") != digest_json(facts):
            raise DamagedError(f"{path} is damaged: its content has changed.", hint=mend)
        return Manifest.model_validate(facts, strict=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:  # pydantic's is a ValueError
        raise DamagedError(f"{path} is damaged: it is no manifest.", hint=mend) from error


def verify(folder: Path, memory: HashMemory, again: str = "") -> Manifest:
    """The folder's manifest, after every file in it was compared with what the manifest says. `again` is the command
    that makes the folder.

    Errors: MissingError without a manifest; DamagedError naming the first file that is gone, changed, too many, or
    listed under a path that leaves the folder.
    """
    manifest = read(folder, again)
    mend = f"Make it again: {again or f'recmtl {manifest.stage}'}."
    for name in manifest.outputs:
        if not _stays_inside(name):
            raise DamagedError(f"{folder / NAME} lists {name!r}, a path outside its folder.", hint="Do not trust it.")
    try:
        found = _files(folder)
    except ValueError as error:
        raise DamagedError(str(error), hint=mend) from error
    for name, listed in manifest.outputs.items():
        _compare(folder / name, found.pop(name, None), listed, memory, mend)
    if found:
        raise DamagedError(
            f"{next(iter(found.values()))} is not listed in {NAME}.",
            hint="Move it elsewhere: a published folder holds only what its stage made.",
        )
    return manifest


def _compare(path: Path, found: Path | None, listed: OutputFile, memory: HashMemory, mend: str) -> None:
    if found is None:
        raise DamagedError(f"{path} is missing.", hint=mend)
    size = found.stat().st_size
    if size != listed.bytes:
        raise DamagedError(f"{path} is damaged: it has {size:,} bytes instead of {listed.bytes:,}.", hint=mend)
    if memory.digest(found) != listed.sha256:
        raise DamagedError(f"{path} is damaged: its content has changed.", hint=mend)


def _files(folder: Path) -> dict[str, Path]:
    """Every file that counts, by its path below the folder. ValueError for what is neither file nor folder."""
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if relative.as_posix() == NAME or any(part.startswith(".") for part in relative.parts):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            what = "a link" if path.is_symlink() else "a device or a pipe"
            raise ValueError(f"{path} is {what}; a result holds only files and folders.")
        if path.is_file():
            files[relative.as_posix()] = path
    return files


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    # a backslash or a drive letter would climb on Windows
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and not re.search(r"[\\:\0]", name)


def _versions() -> dict[str, str]:
    """Versions by package metadata: importing torch to ask it would take a second."""
    versions = {"python": python_version(), "recmtl": code_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
