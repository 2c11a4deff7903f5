"""Makes the environments of the other libraries, with the versions that were measured: FOLDER/keras, FOLDER/torch, and
FOLDER/fuxictr, a checkout of FuxiCTR's repository, whose multi-task models are in no package.

    python -m benchmarks.speed.env FOLDER [--torch torch==2.13.0+cpu] [--fuxictr URL_OR_FOLDER]
"""

import argparse
import subprocess
import sys
from pathlib import Path

KERAS = ("tensorflow-cpu==2.21.0", "keras==3.15.1", "deepctr==0.9.4")
TORCH = ("torch-rechub==0.9.0", "deepctr-torch==0.3.0", "fuxictr==2.3.10")
FUXICTR = ("https://github.com/reczoo/FuxiCTR", "0245987")


def environment(folder: Path, packages: tuple[str, ...]) -> None:
    """Make it, or complete it."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin/python"), "-m", "pip", "install", "-q", *packages], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--torch", default="torch>=2.10,<2.14", help="a build for CPUs is enough")
    parser.add_argument("--fuxictr", default=FUXICTR[0], help="what git clones")
    asked = parser.parse_args()
    environment(asked.folder / "keras", KERAS)
    environment(asked.folder / "torch", (asked.torch, *TORCH))
    checkout = asked.folder / "fuxictr"
    if not checkout.exists():
        subprocess.run(["git", "clone", "-q", asked.fuxictr, str(checkout)], check=True)
        subprocess.run(["git", "-C", str(checkout), "checkout", "-q", FUXICTR[1]], check=True)


if __name__ == "__main__":
    main()
