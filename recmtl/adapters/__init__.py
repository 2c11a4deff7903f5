"""Adapters: rules that make a weight of the deep part depend on the task or the domain."""
