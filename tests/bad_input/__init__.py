"""The catalogue of bad input: what users, disks and mirrors do wrong, and the error that each of them ends in.

A case is a function that spoils something in a workspace and returns the words of a command. What the command says
stands in `goldens.txt`, to be read as a user would read it. One file a theme; `test_bad_input.py` runs them all.
"""
