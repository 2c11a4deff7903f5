"""Multi-task and multi-domain ranking models: the library under the `recmtl` command."""

__version__ = "0.1.0"
