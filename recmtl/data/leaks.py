"""Looks for what would make a model look better than it is: a feature that tells a label, an event in two parts.

Three things are looked for, in the table `rows` after it was dealt to parts:

tells    A feature that alone has an AUC above 0.99 for a binary task (see `telling`).
repeats  The same user, item and time in two parts. A user who meets an item again (where there is no time), and rows
         without such keys that are alike, are honest: the profile counts them, they are no leak.
named    A feature called like a task, but for case, punctuation and words that only say that it is a label:
         `is_click`, `click_label` and `Click` for the task click; not `click_count`, nor `clicked_before`.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from duckdb import DuckDBPyConnection

from recmtl.artifacts.progress import SILENT, Progress
from recmtl.data.layout import Layout
from recmtl.data.name_words import words
from recmtl.data.repeats import Repeats, find_repeats
from recmtl.data.telling import telling_features
from recmtl.errors import DataError
from recmtl.schema import Feature, NumberFeature, Schema, SequenceFeature, VectorFeature

_LABEL_WORDS = frozenset(
    ("is", "has", "was", "did", "label", "labels", "target", "flag", "value", "true", "truth", "gt", "y", "binary")
)
"""Words in a name that only say that it is a label."""


@dataclass(frozen=True)
class Leak:
    """One finding."""

    kind: Literal["tells", "repeats", "named"]
    what: str
    """The feature, or the columns of the key."""
    task: str | None
    """The task that is told; of repeated events none."""
    value: float | None
    """The AUC, or how many events lie in two parts; of a name none."""
    words: str
    """What is wrong, where, and how to mend it."""

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def find_leaks(
    connection: DuckDBPyConnection, layout: Layout, schema: Schema, repeats: Repeats, configured: Collection[str] = ()
) -> list[Leak]:
    """All that is found in the table `rows`: by feature and task, then repeats.

    Args:
        connection: where `rows` is.
        layout: what its columns mean.
        schema: its features and tasks.
        repeats: what was found in two parts.
        configured: keys of the config's section `dataset`; a feature that one of them names is dropped there.
    """
    told = dict(telling_features(connection, schema))
    leaks = []
    for feature in schema.features:
        mend = _mend(feature, configured)
        for task in schema.tasks:
            area = told.get((feature.name, task.name))
            if area is not None:
                wrong = f"the {feature.kind} feature {feature.name!r} alone tells {task.name!r}: its AUC is {area:.4f}"
                leaks.append(Leak("tells", feature.name, task.name, area, f"{wrong}. {mend}"))
            elif _essence(feature.name) == _essence(task.name):
                wrong = f"the feature {feature.name!r} is called like the label {task.name!r}"
                leaks.append(Leak("named", feature.name, task.name, None, f"{wrong}. {mend}"))
    if repeats.of == "events" and repeats.count:
        leaks.append(_repeated(repeats))
    return leaks


def check_leaks(
    connection: DuckDBPyConnection,
    layout: Layout,
    schema: Schema,
    configured: Collection[str] = (),
    progress: Progress = SILENT,
    strict: bool = False,
) -> dict[str, Any]:
    """`repeats` and `leaks` of the table `rows`, as JSON values for the profile; `progress` is told of each leak.

    Raises:
        DataError: there is a leak, and `strict` allows none.
    """
    repeats = find_repeats(connection, layout, schema)
    leaks = find_leaks(connection, layout, schema, repeats, configured)
    for leak in leaks:
        progress.say(f"warning: {leak.words}")
    if strict:
        refuse_leaks([leak.words for leak in leaks])
    return {"repeats": repeats.document(), "leaks": [leak.document() for leak in leaks]}


def refuse_leaks(leaks: Sequence[str]) -> None:
    """Refuse a split for its leaks, each given by its words.

    Raises:
        DataError: there is one.
    """
    if leaks:
        others = len(leaks) - 1
        more = f" There {'is 1 leak' if others == 1 else f'are {others} leaks'} more." if others else ""
        raise DataError(f"{leaks[0]}{more}", hint="Without --strict this is a warning.")


def _mend(feature: Feature, configured: Collection[str]) -> str:
    kinds = {NumberFeature: "numbers", SequenceFeature: "sequences", VectorFeature: "vectors"}
    key = kinds.get(type(feature), "categorical")
    if key in configured:
        return f"If it is known only after the label, drop it from dataset.{key}."
    return "If it is known only after the label, read the files as dataset.name 'table' without it."


def _repeated(repeats: Repeats) -> Leak:
    columns = ", ".join(repeats.example)
    example = ", ".join(f"{column} {value}" for column, value in repeats.example.items())
    wrong = (
        f"{repeats.count:,} of the events ({columns}) lie in more than one part, the first ({example}) from row "
        f"{repeats.row} on in {' and '.join(repeats.parts)}. Remove rows that are there twice, or keep a user's rows "
        "together: split.name 'group' with split.by 'user'."
    )
    return Leak("repeats", columns, None, repeats.count, wrong)


def _essence(name: str) -> str:
    """A name without case, punctuation and words that only say that it is a label."""
    found = words(name)
    return "".join(word for word in found if word not in _LABEL_WORDS) or "".join(found)
