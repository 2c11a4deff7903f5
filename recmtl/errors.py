"""The errors a user meets: one sentence that says what is wrong and where, a hint that says how to mend it, an exit
code.

The exit codes are part of the command line's contract (docs/commands.md): scripts branch on them.
"""

import signal


class RecmtlError(Exception):
    """Any failure that has an explanation. Everything else that escapes is a bug and exits with 1."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        sentence = self.message if self.message.endswith((".", "?", "!")) else f"{self.message}."
        return f"{sentence} {self.hint}" if self.hint else sentence


class ConfigError(RecmtlError):
    """A config, an option or their combination asks for something that cannot be."""

    exit_code = 2


class DataError(RecmtlError):
    """The data itself is refused: a missing column, text where a number belongs, an empty split."""

    exit_code = 3


class MissingError(RecmtlError):
    """An input is not there: no file, no network, no space to write."""

    exit_code = 5


class DamagedError(RecmtlError):
    """An artefact is damaged, incomplete, or does not belong to the others."""

    exit_code = 6


class LockedError(RecmtlError):
    """Another run holds the target. 75 is EX_TEMPFAIL: try again later."""

    exit_code = 75


class Interrupted(RecmtlError):
    """A signal ended the work after it was put away safely: 130 for SIGINT, 143 for SIGTERM."""

    def __init__(self, signum: signal.Signals, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = 128 + signum
