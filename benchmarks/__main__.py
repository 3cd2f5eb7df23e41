"""Runs the benchmarks named on the command line, or all; `search=20000` says a size."""

import sys

from benchmarks import (
    claims,
    crawl,
    desk,
    extraction,
    fairness,
    freshness,
    languages,
    process,
    recovery,
    sameness,
    saved_searches,
    search,
    start,
    translate,
)

ALL = {
    "start": start,
    "crawl": crawl,
    "fairness": fairness,
    "claims": claims,
    "freshness": freshness,
    "recovery": recovery,
    "process": process,
    "languages": languages,
    "sameness": sameness,
    "search": search,
    "saved-searches": saved_searches,
    "desk": desk,
    "extraction": extraction,
    "translate": translate,
}

if __name__ == "__main__":
    for chosen in sys.argv[1:] or ALL:
        name, _, size = chosen.partition("=")
        print(f"\n{name}: {(ALL[name].__doc__ or '').splitlines()[0]}")
        ALL[name].main(*([int(size)] if size else []))
