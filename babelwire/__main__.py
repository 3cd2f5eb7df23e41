"""`python -m babelwire` is `babelwire`."""

from babelwire.cli import main

if __name__ == "__main__":
    main()
