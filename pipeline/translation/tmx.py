"""TMX 1.4b, the exchange format of translation memories.

https://www.gala-global.org/tmx-14b. Read as a stream with entities off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from pipeline.errors import InputError
from pipeline.xml_text import xml_text

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, kw_only=True)
class SavedTranslation:
    """One segment pair.

    Attributes:
        source_language: BCP 47 tag.
        target_language: BCP 47 tag.
        source_text: Original segment.
        target_text: Its translation.
        origin: The file's name, or who added it.
    """

    source_language: str
    target_language: str
    source_text: str
    target_text: str
    origin: str = ""


def read_tmx(path: Path) -> Iterator[SavedTranslation]:
    """The segment pairs of a TMX file: the first variant with each other one.

    Raises:
        InputError: Not readable, or not well-formed XML; with the line.
    """
    try:
        with path.open("rb") as file:
            yield from _units(file, path.name)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except etree.XMLSyntaxError as error:
        raise InputError(f"{path}: not valid TMX: {error}") from error


def write_tmx(pairs: Iterable[SavedTranslation], file: IO[str]) -> int:
    """Writes pairs as one TMX document; how many."""
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n'
        '<header creationtool="babelwire" creationtoolversion="1" segtype="sentence"'
        ' o-tmf="babelwire" adminlang="en" srclang="*all*" datatype="plaintext"/>\n'
        "<body>\n"
    )
    number = 0
    for pair in pairs:
        number += 1
        file.write("<tu>")
        file.write(_variant(pair.source_language, pair.source_text))
        file.write(_variant(pair.target_language, pair.target_text))
        file.write("</tu>\n")
    file.write("</body>\n</tmx>\n")
    return number


def _units(file: IO[bytes], origin: str) -> Iterator[SavedTranslation]:
    context = etree.iterparse(
        file, events=("end",), tag="tu", resolve_entities=False, no_network=True
    )
    for _, unit in context:
        variants = [_language_and_text(variant) for variant in unit.iterfind("tuv")]
        unit.clear()
        while unit.getprevious() is not None:
            del unit.getparent()[0]
        full = [(language, text) for language, text in variants if language and text]
        for language, text in full[1:]:
            yield SavedTranslation(
                source_language=full[0][0],
                target_language=language,
                source_text=full[0][1],
                target_text=text,
                origin=origin,
            )


def _language_and_text(variant: etree._Element) -> tuple[str, str]:
    language = variant.get(_XML_LANG) or variant.get("lang") or ""
    segment = variant.find("seg")
    text = "".join(segment.itertext()) if segment is not None else ""
    return _tag(language), text.strip()


def _tag(language: str) -> str:
    """`EN-us` as `en`: saved translations serve every region of a language."""
    primary, *rest = language.replace("_", "-").split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), "")
    return primary.lower() + (f"-{script.title()}" if script else "")


def _variant(language: str, text: str) -> str:
    clean = escape(xml_text(text))
    return f"<tuv xml:lang={quoteattr(language)}><seg>{clean}</seg></tuv>"
