"""The command line: one file a command; read, call one stage, print."""
