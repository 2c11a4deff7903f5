import subprocess
import sys

import pytest

STEPS = """
import resource, sys
from recmtl.cli.memory import keep_pages
if sys.argv[1] == "kept":
    keep_pages()
def step():
    parts = [bytearray(8 << 20) for _ in range(4)]  # as tensors of a step: together they are most of the process
    return sum(map(len, parts))
step(), step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def new_pages(how):
    done = subprocess.run([sys.executable, "-c", STEPS, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator is that of glibc")
def test_what_a_step_frees_the_next_one_takes_without_a_new_page():
    assert new_pages("kept") < 1000 < new_pages("given back")
