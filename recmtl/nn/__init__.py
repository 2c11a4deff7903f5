"""Layers that know no task and no domain."""
