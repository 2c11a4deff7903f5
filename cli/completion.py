"""What the shell offers after an option: names that are cheap to find out, without torch. Typer takes those that begin
as the word does; where none does, the shell goes on with its own completion of files.
"""

import json
from contextlib import suppress
from pathlib import Path

import typer

DATA_SETS = (
    "adult", "ali_ccp", "aliexpress", "amazon", "census", "ijcai15", "ijcai18", "kuairand", "kuairand_1k", "kuairec",
    "lt4rec", "movielens_100k", "movielens_1m", "movielens_latest_small", "taobao",
)  # fmt: skip
"""Neither --help nor the shell has the time to import them."""


def configs(incomplete: str) -> list[str]:
    """Presets, and what lies in this folder."""
    from recmtl.recipe import presets

    if not any(name.startswith(incomplete) for name in presets()):
        return []  # the shell completes paths better
    with suppress(OSError):
        entries = sorted(path for path in Path().iterdir() if not path.name.startswith("."))
        files = [path.name for path in entries if path.suffix == ".json" and path.is_file()]
        folders = [f"{path.name}/" for path in entries if path.is_dir()]
        return list(dict.fromkeys([*presets(), *files, *folders]))
    return presets()


def data_sets() -> list[str]:
    """Those that can be downloaded."""
    return list(DATA_SETS)


def splits(context: typer.Context) -> list[str]:
    """Of the workspace."""
    return _published(_workspace(context) / "data", "manifest.json")


def runs(context: typer.Context) -> list[str]:
    """Of the workspace."""
    return _published(_workspace(context) / "runs", "*/manifest.json")


def tickets(context: typer.Context) -> list[str]:
    """None at all, or another run's."""
    return ["none", *runs(context)]


def tasks(context: typer.Context) -> list[str]:
    """Of the split that --data names or the one made last; none where a config may mean another."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        folder = _chosen(context, "data", "data")
        return [str(task["name"]) for task in json.loads((folder / "schema.json").read_text())["tasks"]]
    return []


def checkpoints(context: typer.Context) -> list[str]:
    """Of the run that --run names or the one made last; none where a config may mean another."""
    with suppress(OSError):
        return sorted(path.stem for path in (_chosen(context, "runs", "run") / "model").glob("*.pt"))
    return []


def parts() -> list[str]:
    """Of a split, and all of them."""
    from recmtl.data.policies import PARTS

    return [*PARTS, "all"]


def precisions() -> list[str]:
    """Of products."""
    return ["auto", "f32", "bf16"]


def devices() -> list[str]:
    """What may compute."""
    return ["auto", "cpu", "cuda"]


def _workspace(context: typer.Context) -> Path:
    return Path(context.params.get("workspace") or ".")


def _published(folder: Path, mark: str) -> list[str]:
    with suppress(OSError):
        return sorted(path.name for path in folder.iterdir() if any(path.glob(mark)))
    return []


def _chosen(context: typer.Context, kind: str, option: str) -> Path:
    folder, name = _workspace(context) / kind, context.params.get(option)
    if name is None and (context.params.get("config") or context.params.get("sample")):
        raise FileNotFoundError
    return folder / str(name or (folder / "latest").read_text().strip())
