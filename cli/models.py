"""recmtl models: what there is to choose from."""

from typing import TYPE_CHECKING, Annotated

import typer

from recmtl.cli.options import OutputOptions, with_options
from recmtl.cli.report import print_json, print_table

if TYPE_CHECKING:
    from recmtl.pipelines.model_list import Entry

app = typer.Typer(
    help="Models, interactions and gatings: what each is, its paper and its keys.\n\nExample: recmtl models list",
    no_args_is_help=True,
)


@app.command("list")
@with_options
def list_(
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, with each one's own keys.")] = False,
    options: OutputOptions,
) -> None:
    """List the models, the interactions that a model may have before its deep part, and the gatings of MMoE.

    Example: recmtl models list
    """
    from recmtl.pipelines.model_list import FAMILIES, as_json, as_markdown, entries

    found = entries()
    if options.as_json:
        print_json({"models": [as_json(entry) for entry in found]})
    elif markdown:
        print(as_markdown(found))
    else:
        for _, where in FAMILIES:
            rows = [
                {"name": entry.name, "what it is": entry.what, "paper": entry.paper}
                for entry in found if entry.where == where
            ]  # fmt: skip
            print_table(rows, ["name", "what it is", "paper"], where)


@app.command()
@with_options
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model, an interaction or a gating.")],
    *,
    options: OutputOptions,
) -> None:
    """Say what a model, an interaction or a gating is: its paper, its equation in words, what it can learn, its keys.

    Example: recmtl models show mmoe
    """
    from recmtl.pipelines.model_list import as_json, entry

    found = entry(name)
    if options.as_json:
        print_json(as_json(found))
    else:
        _print(found)


def _print(entry: "Entry") -> None:
    from recmtl.pipelines.model_list import LEARNS

    print(f"{entry.name}: {entry.what}")
    print(f"paper: {entry.paper}")
    print(f"rule: {entry.rule}")
    if entry.per_domain is not None:
        print(f"learns: {LEARNS[entry.per_domain]}")
    if entry.keys:
        rows = [
            {"key": key.name, "type": key.type, "default": "must be given" if key.required else key.default or "",
             "meaning": key.meaning}
            for key in entry.keys
        ]  # fmt: skip
        print_table(rows, list(rows[0]), f"its keys, in {entry.where}")
    else:
        print("It has no keys of its own.")
    if entry.where == "model":
        print("All models have the keys encoder, interaction, dropout and per_domain as well: recmtl config keys")
