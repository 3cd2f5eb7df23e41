"""The names that an answer mentions, as choices by what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babelwire.web.addresses import Address
from babelwire.web.search_page import Choice
from pipeline.names import NAME_TYPES, Name

if TYPE_CHECKING:
    from babelwire.web.services import Services
    from search_index.query import Facet


@dataclass(frozen=True, kw_only=True)
class NameChoice(Choice):
    """A name of an answer.

    Attributes:
        label: As the reader's language spells it.
        type: One of `NAME_TYPES`.
    """

    label: str
    type: str


def name_facet(
    services: Services, address: Address, timezone: str, language: str
) -> Mapping[str, tuple[NameChoice, ...]]:
    """The names with the most documents, and those that are chosen, by their type.

    Args:
        services: The workspace.
        address: The search.
        timezone: The reader's, where the address names none.
        language: That labels are in.

    Raises:
        QueryError: The search has no meaning; with the position.
        UnavailableError: There is no index, or its server does not answer.
    """
    known = services.context().all_names
    made = [
        _choice(known[facet.value], facet, address, language)
        for facet in counted_names(services, address, timezone)
    ]
    grouped = {
        kind: tuple(choice for choice in made if choice.type == kind)
        for kind in NAME_TYPES
    }
    return {kind: choices for kind, choices in grouped.items() if choices}


def counted_names(
    services: Services, address: Address, timezone: str
) -> tuple[Facet, ...]:
    """The names of an answer by id, most first; arguments as of `name_facet`."""
    from search_index.name_counts import name_counts

    return name_counts(
        address.request(timezone),
        services.context(),
        index=services.index,
        chosen=_chosen(address),
    )


def label(name: Name, language: str) -> str:
    """How a name is usually spelt in a language, else in English, else its id."""
    for tag in (language, "en"):
        if written := name.spellings.get(tag):
            return written[0]
    return name.id


def _choice(name: Name, facet: Facet, address: Address, language: str) -> NameChoice:
    chosen = next((v for v in _values(address) if v.lower() == name.id), name.id)
    return NameChoice(
        value=name.id,
        count=facet.count,
        is_chosen=name.id in _chosen(address),
        url=address.with_filter("name", chosen),
        label=label(name, language),
        type=name.type,
    )


def _chosen(address: Address) -> tuple[str, ...]:
    """Ids; whoever types an address may write them in capitals."""
    return tuple(value.lower() for value in _values(address))


def _values(address: Address) -> tuple[str, ...]:
    return tuple(address.filters.get("name", ()))
