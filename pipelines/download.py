"""download: a data set's files, fetched or copied, checked against their published sums.

Reads the network, or with --from a folder, an archive, a file or a mirror; writes data/raw/<dataset>.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from recmtl.artifacts import manifest
from recmtl.artifacts.archive import extract, is_archive, open_maybe_gzip
from recmtl.artifacts.download import CHUNK_BYTES, copy_checked, fetch
from recmtl.artifacts.hashing import HashMemory, sha256_file
from recmtl.config import nearest
from recmtl.data.datasets.base import DatasetConfig, SourceFile
from recmtl.errors import ConfigError, DamagedError, MissingError
from recmtl.pipelines.stage import Context, Plan, Stage
from recmtl.pipelines.workspace import Workspace


class Download(Stage):
    """Files in, files out: the bytes are the publisher's."""

    name: ClassVar = "download"
    depends_on_code: ClassVar = False
    counts: ClassVar = "bytes"

    def __init__(self, dataset: str, source: str | None = None) -> None:
        known = [name for name, kind in DatasetConfig.kinds.items() if kind.files or kind.optional]
        if dataset not in known:
            raise ConfigError(f"no data set is named {dataset!r}{nearest(dataset, known)}.")
        if source == "":
            raise ConfigError("--from is empty.", hint="Give a folder, a file or an address.")
        self.kind, self.dataset, self.source = DatasetConfig.kinds[dataset], dataset, source
        if source is not None and _is_url(source) and not self.kind.files:
            raise ConfigError(f"--from {source}: {dataset} is taken from a folder.", hint=self._needs())

    def plan(self, workspace: Workspace) -> Plan:
        """A published sum decides what a file is, wherever it comes from; without one, a local source's own bytes
        do.
        """
        target = workspace.raw(self.dataset)
        sums = {file.name: file.content_sha256 or file.sha256 for file in self.kind.files}
        config: dict[str, Any] = {"dataset": self.dataset, "files": sums}
        by_hand = not sums or any(file.url is None for file in self.kind.files)
        if self.source is None and self.kind.archive is None and by_hand:
            return self._as_it_is(target, workspace.hashes())
        if self.source is None or not (self.kind.optional or None in sums.values()):
            return Plan(target, config, {})
        if _is_url(self.source):
            return Plan(target, {**config, "from": self.source}, {})
        memory = workspace.hashes()
        inputs = {path.name: memory.digest(path) for path in self._local_files(Path(self.source))}
        memory.save()
        return Plan(target, config, inputs)

    def _as_it_is(self, target: Path, memory: HashMemory) -> Plan:
        """What an earlier --from brought: without another one there is nothing new to get."""
        try:
            found = manifest.verify(target, memory)
        except MissingError:
            problem = f"recmtl cannot fetch {self.dataset} by itself."
        except DamagedError as error:
            problem = f"{error.message.rstrip('.')}, and recmtl cannot fetch {self.dataset} by itself."
        else:
            return Plan(target, found.config, found.inputs)
        raise MissingError(problem, hint=self.kind.how_to_get)

    def run(self, context: Context) -> dict[str, Any]:
        """Fetch, copy or unpack each file, then write where it came from."""
        source = Path(self.source) if self.source and not _is_url(self.source) else None
        archive = self._archive(source, context)
        if archive is not None:
            self._unpack(archive, context)
        else:
            self._one_by_one(source, context)
        for file in self.kind.files:
            if file.content_sha256 is not None:
                _check_content(context.out / file.name, file.content_sha256, self._address(file.name))
        record = [
            {
                "name": path.name,
                "address": self._address(path.name),
                "sha256": sha256_file(path),
                "bytes": path.stat().st_size,
            }
            for path in sorted(context.out.iterdir())
            if not path.name.startswith(".")
        ]
        content = {"dataset": self.dataset, "licence": self.kind.licence, "files": record}
        (context.out / "source.json").write_text(json.dumps(content, indent=1) + "\n")
        return {
            "files": len(record),
            "bytes": sum(int(str(item["bytes"])) for item in record),
            "licence": self.kind.licence,
        }

    def _archive(self, source: Path | None, context: Context) -> Path | None:
        """The archive that the files are in, fetched if need be; None where they come one by one."""
        published = self.kind.archive
        if source is not None:
            if source.is_file():
                return source if is_archive(source) else None
            apart = all((source / file.name).is_file() for file in self.kind.files)
            packed = source / published.name if published is not None and not apart else None
            return packed if packed is not None and packed.is_file() else None
        if published is None:
            return None
        context.progress.say(f"{published.name}: fetching")
        target = context.out / ".archive" / published.name
        fetch(
            self._url(published), target, sha256=published.sha256, max_bytes=published.max_bytes,
            progress=context.progress,
        )  # fmt: skip
        return target

    def _one_by_one(self, source: Path | None, context: Context) -> None:
        for file in self.kind.files:
            target = context.out / file.name
            context.progress.say(f"{file.name}: {'copying' if source else 'fetching'}")
            sha256, limit, progress = file.sha256, file.max_bytes, context.progress
            if source is not None:
                copy_checked(self._local(file, source), target, sha256=sha256, max_bytes=limit, progress=progress)
            else:
                fetch(self._url(file), target, sha256=sha256, max_bytes=limit, progress=progress)
        for path in self._optional(source) if source is not None else ():
            context.progress.say(f"{path.name}: copying")
            limit, progress = SourceFile.max_bytes, context.progress
            copy_checked(path, context.out / path.name, sha256=None, max_bytes=limit, progress=progress)

    def _local_files(self, source: Path) -> Sequence[Path]:
        if source.is_file() and self.kind.files:
            return [source]
        if not source.exists():
            raise MissingError(f"--from {source}: there is no such file or folder.", hint=self._needs())
        found = [*(self._local(file, source) for file in self.kind.files), *self._optional(source)]
        if not found:
            raise MissingError(
                f"--from {source} is no folder with {' or '.join(self.kind.optional)} in it.", hint=self._needs()
            )
        return found

    def _optional(self, source: Path) -> Sequence[Path]:
        """Files of a folder that fit a pattern, by name."""
        named = {file.name for file in self.kind.files}
        found = {path for pattern in self.kind.optional for path in source.glob(pattern)}
        return sorted(path for path in found if path.is_file() and path.name not in named)

    def _local(self, file: SourceFile, source: Path) -> Path:
        if source.is_file() and len(self.kind.files) > 1:
            raise MissingError(f"--from {source} is one file, and no zip or tar archive.", hint=self._needs())
        path = source if source.is_file() else source / file.name
        if not path.is_file():
            raise MissingError(f"--from {source}: {file.name} is not there.", hint=self._needs())
        return path

    def _needs(self) -> str:
        wanted = ", ".join(file.name for file in self.kind.files)
        wanted += f"; or {self.kind.archive.name}" if self.kind.archive else ""
        return self.kind.how_to_get or f"{self.dataset} needs: {wanted}."

    def _unpack(self, archive: Path, context: Context) -> None:
        context.progress.say(f"{archive.name}: unpacking")
        limit = sum(file.max_bytes for file in self.kind.files)
        unpacked = context.out / ".unpacked"
        members = {file.name: unpacked / file.name for file in self.kind.files}
        extract(archive, members, max_bytes=limit, progress=context.progress)
        for file in self.kind.files:
            copy_checked(unpacked / file.name, context.out / file.name, sha256=file.sha256, max_bytes=file.max_bytes)

    def _url(self, file: SourceFile) -> str:
        if self.source is None:
            return str(file.url)
        if self.source.endswith(f"/{file.name}"):
            return self.source
        return f"{self.source.rstrip('/')}/{file.name}"

    def _address(self, name: str) -> str:
        """Where a file came from, or the archive that it was in."""
        if self.source is not None and not _is_url(self.source):
            return str(Path(self.source).resolve())
        return self._url(self.kind.archive or next(file for file in self.kind.files if file.name == name))


def _check_content(path: Path, expected: str, address: str) -> None:
    content = hashlib.sha256()
    with open_maybe_gzip(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            content.update(chunk)
    if content.hexdigest() != expected:
        raise DamagedError(
            f"{path.name} from {address} holds data with the sha256 {content.hexdigest()}; expected is {expected}.",
            hint="It is damaged or has been changed. Fetch it in another way and give it with --from DIR|FILE|URL.",
        )


def _is_url(source: str) -> bool:
    return "://" in source
