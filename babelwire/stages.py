"""The stages' names, for options; without importing any of them."""

STAGES = ("extract", "identify", "cluster", "segment", "translate")
"""In the order of a page's way."""
