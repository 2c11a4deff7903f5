"""The limits of containers, read from trees laid out as Linux lays them out."""

import os

import psutil
import pytest

from recmtl.artifacts.cores import quotas, usable_cores
from recmtl.artifacts.memory import Limit, available_memory, limits, total_memory

GB = 10**9
UNLIMITED_V1 = "9223372036854771712"


def system(root, cgroup, files):
    """A made-up /: what the process is told, and the files of its cgroups."""
    for name, content in {"proc/self/cgroup": cgroup, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return root


def v2(folder, limit, used, cached=0):
    base = "/".join(filter(None, ("sys/fs/cgroup", folder)))
    return {f"{base}/memory.max": limit, f"{base}/memory.current": used,
            f"{base}/memory.stat": f"anon 5\nfile 9\ninactive_file {cached}"}  # fmt: skip


def v1(folder, limit, used, cached=0):
    base = "/".join(filter(None, ("sys/fs/cgroup/memory", folder)))
    return {f"{base}/memory.limit_in_bytes": limit, f"{base}/memory.usage_in_bytes": used,
            f"{base}/memory.stat": f"inactive_file 1\ntotal_inactive_file {cached}"}  # fmt: skip


def test_a_container_of_version_2(tmp_path):
    root = system(tmp_path, "0::/", v2("", 4 * GB, 3 * GB, cached=2 * GB))
    assert list(limits(root)) == [Limit(4 * GB, 1 * GB)]
    assert next(limits(root)).available == 3 * GB


def test_the_tightest_of_nested_limits_counts(tmp_path):
    files = {**v2("batch/job", "max", GB), **v2("batch", 2 * GB, GB)}
    assert list(limits(system(tmp_path, "0::/batch/job", files))) == [Limit(2 * GB, GB)]


def test_version_1(tmp_path):
    files = {**v1("docker/abc", 3 * GB, 2 * GB, cached=GB), **v1("docker", UNLIMITED_V1, 9 * GB)}
    root = system(tmp_path, "4:memory:/docker/abc\n2:cpu,cpuacct:/\n0::/", files)
    assert min(limit.total for limit in limits(root)) == 3 * GB
    assert min(limit.available for limit in limits(root)) == 2 * GB


@pytest.mark.parametrize("path", ["/docker/abc", "/../../docker/abc"])
@pytest.mark.parametrize(("number", "files"), [("0:", v2("", GB, 0)), ("4:memory", v1("", GB, 0))])
def test_a_container_that_sees_only_itself(tmp_path, path, number, files):
    """It is told the path outside, which it does not have."""
    assert list(limits(system(tmp_path, f"{number}:{path}", files))) == [Limit(GB, 0)]


def test_what_is_used_beyond_the_limit_leaves_nothing(tmp_path):
    assert next(limits(system(tmp_path, "0::/", v2("", GB, 2 * GB)))).available == 0


@pytest.mark.parametrize("files", [{}, v2("", "max", GB), {"sys/fs/cgroup/memory.max": str(GB)}])
def test_no_limit_to_be_found_is_no_limit(tmp_path, files):
    assert list(limits(system(tmp_path, "0::/", files))) == []


def test_a_system_without_cgroups(tmp_path):
    assert list(limits(tmp_path)) == [] and list(quotas(tmp_path)) == []


def test_this_machine():
    assert 0 < available_memory() <= total_memory() <= psutil.virtual_memory().total
    assert 0 < usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("cgroup", "files", "cores"),
    [
        ("0::/", {"sys/fs/cgroup/cpu.max": "150000 100000"}, [1.5]),
        ("0::/", {"sys/fs/cgroup/cpu.max": "max 100000"}, []),
        ("0::/a/b", {"sys/fs/cgroup/a/cpu.max": "400000 100000", "sys/fs/cgroup/a/b/cpu.max": "max 100000"}, [4.0]),
        (
            "2:cpu,cpuacct:/x",
            {"sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "50000", "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000"},
            [0.5],
        ),
        (
            "2:cpu:/",
            {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"},
            [],
        ),
    ],
)
def test_a_share_of_the_cores(tmp_path, cgroup, files, cores):
    assert list(quotas(system(tmp_path, cgroup, files))) == cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot be bound to cores here")
def test_a_process_bound_to_one_core():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert usable_cores() <= 1
    finally:
        os.sched_setaffinity(0, before)
