"""Stages: config in, artefacts out. One file a stage; `stage.py` runs them."""
