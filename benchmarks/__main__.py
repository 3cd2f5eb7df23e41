"""Runs the benchmarks named on the command line, or all."""

import sys

from benchmarks import crawl, process, search, start, translate

ALL = {
    "start": start,
    "crawl": crawl,
    "process": process,
    "search": search,
    "translate": translate,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        print(f"\n{name}: {(ALL[name].__doc__ or '').splitlines()[0]}")
        ALL[name].main()
