"""How fast `babelwire --help` answers."""

from benchmarks.measured import child, median, verdict

RUNS = 7


def main() -> None:
    """Prints the median of several whole processes."""
    child(["-m", "babelwire", "--help"])
    walls = [child(["-m", "babelwire", "--help"]).wall for _ in range(RUNS)]
    verdict("seconds", median(walls), 0.3, at_least=False)
