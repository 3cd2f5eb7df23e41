"""One identifier's answers to texts, and the CPU seconds it took, in a process alone.

`python -m benchmarks.languages_alone NAME` reads a text per line from standard input
and prints a line of JSON. NAME: `fast`, `py3langid`, `langdetect`, `pycld2` or
`nothing`, whose memory is that of Python and the texts.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    """Prints the seconds after a first text, and the answers."""
    texts = [line.rstrip("\n") for line in sys.stdin]
    identify = identifier(sys.argv[1])
    identify(texts[0])  # models are loaded
    started = time.process_time()
    answers = [identify(text) for text in texts]
    seconds = time.process_time() - started
    found = {"seconds": seconds, "answers": answers, "resident_mib": resident_mib()}
    print(json.dumps(found))


def resident_mib() -> float:
    """Memory now, with the models loaded; where the system does not say, the peak."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        pages = int(statm.read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() / (1 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def identifier(name: str) -> Callable[[str], str]:
    """From a text to its language."""
    if name == "nothing":
        return lambda _: "und"
    if name == "pycld2":
        return by_pycld2
    from pipeline.identification import make_identifier

    chosen = make_identifier(name)
    return lambda text: chosen.identify(text).language


def by_pycld2(text: str) -> str:
    """pycld2's first answer, with the tags of FLORES."""
    import pycld2

    try:
        code = pycld2.detect(text)[2][0][1]
    except pycld2.error:
        return "und"
    return {"no": "nb", "iw": "he", "un": "und"}.get(code, code.split("-")[0])


if __name__ == "__main__":
    main()
