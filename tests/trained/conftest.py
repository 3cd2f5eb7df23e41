"""Keeps doctest from importing what needs torch: it would cost seconds each run."""

collect_ignore = ["network.py"]
