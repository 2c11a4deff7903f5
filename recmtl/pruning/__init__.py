"""Lottery tickets: which weights a task needs, and which ticket to take."""
