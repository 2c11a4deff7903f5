"""What is shown while work goes on, on stderr: bars on a terminal, dated lines elsewhere."""

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Literal, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from recmtl.artifacts.explain import bytes_text, writing
from recmtl.cli.plain import plain

Unit = Literal["rows", "bytes"]

LINE_SECONDS = 30.0
"""Between two lines of a pass that takes long."""


class Terminal:
    """The `Progress` that stages are given."""

    def __init__(
        self,
        quiet: bool = False,
        log_file: Path | None = None,
        unit: Unit = "rows",
        line_seconds: float = LINE_SECONDS,
    ) -> None:
        self.quiet, self.unit, self.line_seconds = quiet, unit, line_seconds
        self.log: TextIO | None = None
        if log_file is not None:
            with writing(log_file):
                self.log = log_file.open("a", encoding="utf-8")
        # not rich's own guess: FORCE_COLOR would put control characters into files and pipes
        self.console = Console(stderr=True, highlight=False, force_terminal=sys.stderr.isatty())
        self.has_bars = self.console.is_terminal and not self.console.is_dumb_terminal
        self.bars: Progress | None = None
        self.bar: TaskID | None = None
        self.running: _Pass | None = None

    def begin(self, what: str, rows: int) -> None:
        """A pass over so many rows (or bytes; 0 if nobody knows) begins: its bar takes the place of the one before."""
        self.running = _Pass(plain(what), rows)
        if self.quiet or not self.has_bars:
            return
        if self.bars is None:
            name, left = TextColumn("{task.description}", markup=False), TimeRemainingColumn()
            columns = (name, BarColumn(bar_width=None), _Rate(self.unit), left)
            self.bars = Progress(*columns, console=self.console, transient=True, expand=True)
            self.bars.start()
        if self.bar is not None:
            self.bars.remove_task(self.bar)
        self.bar = self.bars.add_task(self.running.what, total=rows or None)

    def advance(self, rows: int) -> None:
        """Move the bar; say a line now and then."""
        if self.bars is not None and self.bar is not None:
            self.bars.advance(self.bar, rows)
        if self.running is not None and self.running.advance(rows, self.line_seconds):
            self._line(self.running.text(self.unit), on_terminal=False)

    def say(self, text: str) -> None:
        """One line."""
        self._line(plain(text), on_terminal=True)

    def close(self) -> None:
        """Take the bar away."""
        if self.bars is not None:
            self.bars.stop()
        if self.log is not None:
            self.log.close()

    def _line(self, text: str, *, on_terminal: bool) -> None:
        """To the log, and to stderr: what a bar shows already is not said beside it."""
        dated = f"{datetime.now(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')} {text}"
        if self.log is not None:
            self.log.write(dated + "\n")
            self.log.flush()
        if self.quiet:
            return
        if not self.has_bars:
            sys.stderr.write(dated + "\n")
        elif on_terminal:
            self.console.print(text, markup=False, soft_wrap=True)


@dataclass
class _Pass:
    """How far a pass is, and how fast."""

    what: str
    total: int
    done: int = 0
    said: float = field(default_factory=monotonic)
    """When there was a line last."""
    start: tuple[float, int] | None = None
    """Time and rows after the first step: it may stand for all that an earlier run had done, or warm things up."""

    def advance(self, rows: int, line_seconds: float) -> bool:
        """Whether it is time for a line."""
        self.done += rows
        now = monotonic()
        self.start = self.start or (now, self.done)
        if now - self.said < line_seconds:
            return False
        self.said = now
        return True

    def text(self, unit: Unit) -> str:
        """Done, rate, time left; what is not known yet is left out."""
        share = f" ({min(self.done / self.total, 1):.0%})" if self.total else ""
        parts = [f"{self.what}: {_amount(self.done, unit)}{share}"]
        since, before = self.start or (monotonic(), 0)
        seconds = monotonic() - since
        if self.done > before and seconds > 0:
            rate = (self.done - before) / seconds
            parts.append(f"{_amount(rate, unit)}/s")
            if self.total:
                parts.append(f"{timedelta(seconds=round(max(self.total - self.done, 0) / rate))} left")
        return ", ".join(parts)


class _Rate(ProgressColumn):
    """Rows or bytes a second."""

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        """Of the last half minute."""
        return Text(f"{_amount(task.speed or 0, self.unit)}/s")


def _amount(count: float, unit: Unit) -> str:
    return bytes_text(round(count)) if unit == "bytes" else f"{count:,.0f} rows"
