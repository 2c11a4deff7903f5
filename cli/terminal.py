"""What is shown while work goes on, on stderr: bars on a terminal, dated lines elsewhere."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from recmtl.artifacts.explain import writing


class Terminal:
    """The `Progress` that stages are given."""

    def __init__(self, quiet: bool = False, log_file: Path | None = None) -> None:
        self.quiet = quiet
        self.log: TextIO | None = None
        if log_file is not None:
            with writing(log_file):
                self.log = log_file.open("a", encoding="utf-8")
        self.console = Console(stderr=True, highlight=False)
        self.bars: Progress | None = None
        self.bar: TaskID | None = None

    def begin(self, what: str, rows: int) -> None:
        """A pass begins: its bar takes the place of the one before."""
        if self.quiet or not self.console.is_terminal:
            return
        if self.bars is None:
            columns = (TextColumn("{task.description}"), BarColumn(), _Rate(), TimeRemainingColumn())
            self.bars = Progress(*columns, console=self.console, transient=True)
            self.bars.start()
        if self.bar is not None:
            self.bars.remove_task(self.bar)
        self.bar = self.bars.add_task(what, total=rows)

    def advance(self, rows: int) -> None:
        """Move the bar."""
        if self.bars is not None and self.bar is not None:
            self.bars.advance(self.bar, rows)

    def say(self, text: str) -> None:
        """One line."""
        dated = f"{datetime.now(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')} {text}"
        if self.log is not None:
            self.log.write(dated + "\n")
            self.log.flush()
        if self.quiet:
            return
        if self.console.is_terminal:
            self.console.print(text, markup=False)
        else:
            sys.stderr.write(dated + "\n")

    def close(self) -> None:
        """Take the bar away."""
        if self.bars is not None:
            self.bars.stop()
        if self.log is not None:
            self.log.close()


class _Rate(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        """Of the bar so far."""
        return Text(f"{task.speed or 0:,.0f} rows/s")
