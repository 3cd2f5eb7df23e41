"""Tells the language of a text; what a site declares is a hint between neighbours."""

from pipeline.identification.document import identify_document
from pipeline.identification.identifiers import IDENTIFIERS, make_identifier
from pipeline.identification.quotations import mark_quotations

__all__ = [
    "IDENTIFIERS",
    "identify_document",
    "make_identifier",
    "mark_quotations",
]
