"""Which translation models there are, where they come from, and what is installed."""
