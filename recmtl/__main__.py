"""`python -m recmtl` is `recmtl`."""

from recmtl.cli.main import main

main()
