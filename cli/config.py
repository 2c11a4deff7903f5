"""recmtl config: the commands about configs."""

import typer

from recmtl.cli.options import OutputOptions, with_options
from recmtl.cli.report import print_json

app = typer.Typer(
    help="Configs: their keys, their JSON Schema, and the presets that are shipped.\n\nExample: recmtl config keys",
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
