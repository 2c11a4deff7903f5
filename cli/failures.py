"""Every failure in words."""

import signal

import typer

from recmtl.errors import ConfigError, Interrupted, MissingError, RecmtlError

NO_MEMORY = ("not enough memory", "allocate memory", "size calculation overflowed")
"""What torch says in its errors, which have no kind of their own."""


def stopped() -> Interrupted:
    """By the user, where no stage has put its work away."""
    return Interrupted(signal.SIGINT, "stopped by SIGINT.")


def explained(error: Exception, command: str = "") -> RecmtlError:
    """An error as one of those that have an explanation.

    Args:
        error: any.
        command: whose --help tells more.
    """
    if isinstance(error, RecmtlError):
        return error
    if isinstance(error, typer.Abort) or "Query interrupted" in str(error):  # the second is DuckDB's KeyboardInterrupt
        return stopped()
    if isinstance(error, typer.TyperException):
        from recmtl.config import plain_words

        about = f"{command} " if command else ""
        return ConfigError(plain_words(error.format_message()), hint=f"See: recmtl {about}--help")
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("recmtl"):
        return MissingError(f"the package {error.name!r} is not installed.", hint="recmtl doctor says what is missing.")
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return MissingError(
            f"{where}{error.strerror.lower()}.", hint="Check the path, its owner, its mode and its disk."
        )
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in NO_MEMORY):
        return MissingError("there is not enough memory.", hint="Make the model or the batch smaller.")
    return RecmtlError(
        f"internal error: {type(error).__name__}: {error}", hint="--debug shows where; please report it."
    )
