import os
import signal
import subprocess
import sys

import pytest

from recmtl.errors import Interrupted
from recmtl.training.interrupt import signals_wait, stop_if_asked

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_waits_for_the_next_safe_point(number):
    with signals_wait():
        stop_if_asked()
        os.kill(os.getpid(), number)
        done = True  # the work of this step still ends
        with pytest.raises(Interrupted, match=number.name) as raised:
            stop_if_asked()
    assert done and raised.value.exit_code == 128 + number


@pytest.mark.parametrize("number", SIGNALS)
def test_handlers_are_as_before_afterwards_and_after_an_error(number):
    before = signal.getsignal(number)
    with signals_wait():
        assert signal.getsignal(number) != before
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before
    with pytest.raises(RuntimeError), signals_wait():
        raise RuntimeError
    assert signal.getsignal(number) == before


def test_a_signal_of_an_earlier_work_stops_no_later_one():
    with signals_wait():
        os.kill(os.getpid(), signal.SIGINT)
    stop_if_asked()
    with signals_wait():
        stop_if_asked()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_the_process_at_once(number):
    program = (
        "import os, recmtl.training.interrupt as i\n"
        "with i.signals_wait():\n"
        f"    os.kill(os.getpid(), {number:d})\n"
        "    print('still here', flush=True)\n"
        f"    os.kill(os.getpid(), {number:d})\n"
        "    print('too long')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "still here\n" and done.returncode == -number
