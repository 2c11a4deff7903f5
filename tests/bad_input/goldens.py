"""The file `goldens.txt`: for each case its command, its exit code, the error and its hint.

tables.a_column_is_missing
$ recmtl split-domains --config taobao.json
3: data/raw/taobao/theme_click_log.csv: line 1 names no column 'theme_id'.
Fetch the file again.
"""

import re
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).parent / "goldens.txt"
LONGEST = 200
"""Characters of a command that are kept."""
# what differs from run to run, and between versions of the libraries that write files
CHANGING = {
    r"127\.0\.0\.1:\d+": "127.0.0.1:PORT",
    r"[\d,.]+ (bytes|[kMGT]B)\b": r"N \1",
    r"instead of [\d,]+": "instead of N",
    r"\b[0-9a-f]{64}\b": "SHA256",
}


@dataclass(frozen=True)
class Golden:
    """What a user sees."""

    command: str
    code: int
    message: str
    hint: str

    @classmethod
    def seen(cls, command: str, code: int, message: str, hint: str | None, here: Path) -> "Golden":
        """With the folder `here`, and all that changes, replaced by placeholders."""

        def steady(text: str) -> str:
            text = text.replace(str(here), "HERE").encode(errors="backslashreplace").decode()
            for changing, placeholder in CHANGING.items():
                text = re.sub(changing, placeholder, text)
            return text

        shown = command if len(command) <= LONGEST else f"{command[:LONGEST]}..."
        return cls(steady(shown.replace("\n", "\\n")), code, steady(message), steady(hint or ""))

    def text(self) -> str:
        """As it stands in the file."""
        return f"$ recmtl {self.command}\n{self.code}: {self.message}\n{self.hint}".rstrip()


def read_goldens() -> dict[str, str]:
    """Name of the case -> its text."""
    blocks = PATH.read_text().strip().split("\n\n") if PATH.exists() else []
    return {name: text for name, _, text in (block.partition("\n") for block in blocks if block)}


def write_goldens(goldens: dict[str, str]) -> None:
    """In the order given."""
    PATH.write_text("\n\n".join(f"{name}\n{text}" for name, text in goldens.items()) + "\n")
