"""The application: joins the crawler, the pipeline and the index.

The only room that imports all the others and reads `babelwire.toml`.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("babelwire")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0"
