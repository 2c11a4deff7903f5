"""The tables in docs/models.md are what the command prints."""

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs/models.md"


def test_the_tables_are_what_the_command_prints(recmtl, tmp_path):
    """In a process of its own: other tests register components of theirs."""
    ran = recmtl("models", "list", "--markdown", cwd=tmp_path)
    assert ran.code == 0, ran.err
    block = re.search(r"<!-- recmtl (.*) -->\n(.*?)<!-- end of the list -->", PAGE.read_text(), re.S)
    assert block and block[1] == "models list --markdown"
    assert block[2] == ran.out, "put what it prints between the marks"
