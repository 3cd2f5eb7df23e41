"""Figures, side by side in one run with what one would use instead.

`python -m benchmarks [crawl|process|search]`, which `make bench` calls. Absolute
times depend on the machine; the ratios are what is compared.
"""
