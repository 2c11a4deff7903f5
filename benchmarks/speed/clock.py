"""A clock on the training step."""

import time

from benchmarks.speed.processes import Usage, peak_mib, usage

WINDOWS = 3


class MeasuredError(Exception):
    """All windows are over: the training may stop."""


class Clock:
    """Told of the end of every step. Leaves out a time to warm up, then measures windows one after the other.

    Args:
        seconds: of all windows together; 0 to measure the whole training instead, however long it takes.
        warm_up: seconds before.
    """

    def __init__(self, seconds: float, warm_up: float) -> None:
        self.window, self.warm_up = seconds / WINDOWS, warm_up
        self.rows, self.spent, self.steps = 0, 0.0, 0
        self.all_spent, self.all_rows = 0.0, 0
        self.rates: list[float] = []
        self.step_ms: list[float] = []
        self.children_mib = 0
        self._last: float | None = None
        self._began: Usage | None = None
        self._ended: Usage | None = None

    def pause(self) -> None:
        """What comes until the next step's end is no step: validation, or an epoch's beginning."""
        self._last = None

    def step(self, rows: int) -> None:
        """A step over so many rows is done.

        Raises:
            MeasuredError: it was the last one that is needed.
        """
        now, last = time.monotonic(), self._last
        self._last = now
        if last is None:
            return
        self.all_spent, self.all_rows = self.all_spent + now - last, self.all_rows + rows
        if not self.window or self.all_spent < self.warm_up:
            return
        if self._began is None:  # this step ended the warm-up
            self._began = usage()
            self._last = time.monotonic()
            return
        self.rows, self.spent, self.steps = self.rows + rows, self.spent + now - last, self.steps + 1
        if self.spent >= self.window:
            self._close()

    def _close(self) -> None:
        self.rates.append(self.rows / self.spent)
        self.step_ms.append(self.spent / self.steps * 1000)
        self.rows, self.spent, self.steps = 0, 0.0, 0
        self.children_mib = max(self.children_mib, peak_mib()[1])
        self._last = time.monotonic()
        if len(self.rates) == WINDOWS:
            self._ended = usage()
            raise MeasuredError

    def found(self) -> dict[str, object]:
        """Facts of the windows; of a whole training without them."""
        if not self.window:
            return {"train_rows_s": round(self.all_rows / self.all_spent), "epoch_s": round(self.all_spent, 1)}
        if self._began is None or self._ended is None:
            raise SystemExit("The epoch was over before the windows were: give --seconds less, or make more rows.")
        own, foreign = self._ended.cores_since(self._began)
        return {
            "train_rows_s": round(sorted(self.rates)[WINDOWS // 2]),
            "windows": [round(rate) for rate in self.rates],
            "ms_step": round(sorted(self.step_ms)[WINDOWS // 2], 2),
            "own_cores": round(own, 2),
            "foreign_cores": round(foreign, 2),
        }
