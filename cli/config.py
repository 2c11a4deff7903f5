"""recmtl config: the commands about configs."""

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from recmtl.cli.options import OutputOptions, with_options
from recmtl.cli.report import SCHEMA_VERSION, print_json, print_table
from recmtl.data.table_form import TableForm

app = typer.Typer(
    help="Configs: a first one, presets, those of other systems; all keys.\n\nExample: recmtl config list",
    no_args_is_help=True,
)


@app.command()
@with_options
def schema(*, options: OutputOptions) -> None:
    """Print the JSON Schema of a config, for editors.

    Example: recmtl config schema > recmtl.schema.json
    """
    from recmtl.pipelines.config_schema import config_schema

    print_json(config_schema())


@app.command()
@with_options
def keys(*, options: OutputOptions) -> None:
    """Print every key of a config with its type, default and meaning, as Markdown.

    Example: recmtl config keys > config_keys.md
    """
    from recmtl.pipelines.config_keys import as_json, as_markdown, config_keys

    if options.as_json:
        print_json({"keys": as_json(config_keys())})
    else:
        print(as_markdown(config_keys()))


@app.command()
@with_options
def presets(*, options: OutputOptions) -> None:
    """List the configs that --config finds by name.

    Example: recmtl config presets
    """
    from recmtl.recipe import presets as names

    if options.as_json:
        print_json({"presets": names()})
    else:
        print("\n".join(names()))


@app.command("list")
@with_options
def list_(*, options: OutputOptions) -> None:
    """List the same configs with what each is for.

    Example: recmtl config list
    """
    from recmtl.recipe import presets as names
    from recmtl.recipe import read_preset

    rows = [{"preset": name, "about": read_preset(name).about or ""} for name in names()]
    if options.as_json:
        print_json({"presets": rows})
    else:
        print_table(rows, ["preset", "about"])


@app.command()
@with_options
def convert(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A config of another system, or one of ours.")],
    *,
    options: OutputOptions,
) -> None:
    """Print a config of MLoRA, MAMDR, MMLRec, LT4REC or PaddleRec as one of ours; stderr names what it left out.

    Example: recmtl config convert drank_tf.yaml > lt4rec.json
    """
    from recmtl.recipe import read_recipe

    recipe = read_recipe(file)
    print_json(recipe.document)
    if not options.quiet:
        print("\n".join(recipe.notes), end="\n" * bool(recipe.notes), file=sys.stderr)


@app.command()
@with_options
def init(
    *,
    source: Annotated[str, typer.Option("--from", metavar="PATH", help="Your rows: a file, or a folder of files.")],
    target: Annotated[
        Path | None, typer.Option("--out", metavar="FILE|-", help="Where the config goes; by default standard output.")
    ] = None,
    input_format: Annotated[TableForm | None, typer.Option(help="Of the rows, where no name says it.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A label, instead of those guessed. Repeatable."),
    ] = None,
    domain: Annotated[str | None, typer.Option(metavar="COLUMN", help="What tells the domains apart.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --out.")] = False,
    options: OutputOptions,
) -> None:
    """Write a first config for a table of your own, guessed from its rows; correct it before you trust it.

    Example: recmtl config init --from logs.parquet --out logs.json
    """
    from recmtl.pipelines.config_init import first_config, write_config

    target = None if target == Path("-") else target
    first = first_config(source, input_format, tuple(label or ()), domain)
    if target is not None:
        write_config(first.document, target, force=force)
    if options.as_json:
        out = None if target is None else str(target)
        head = {"schema_version": SCHEMA_VERSION, "command": "config init", "status": "done", "target": out}
        print_json({**head, **first.facts})
    elif target is None:
        print_json(first.document)
    if not options.quiet:
        with redirect_stdout(sys.stderr):
            print_table(first.columns, ["column", "kind", "role", "why", "distinct", "missing"], first.title)
            print("\n".join(first.notes), end="\n" * bool(first.notes))
