"""Training and prediction, beside other libraries: see run.py."""
