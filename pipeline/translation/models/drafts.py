"""A model's files as they came, before they are taken in; what is refused of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from pipeline.errors import ConfigError, DamageError
from pipeline.translation.models.catalogue import CatalogueModel
from pipeline.translation.models.downloads import Progress
from pipeline.translation.models.shelf import file_sha256, is_plain_path

ALLOWED = frozenset({".json", ".txt", ".model", ".spm", ".safetensors", ".bin", ".md"})
PAPERS = frozenset({"LICENSE", "LICENCE", "COPYING"})
"""Go along, as licences ask; nothing reads them."""

PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How torch's files (zip archives of pickles) and plain pickles begin."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A model's files as they came.

    Attributes:
        folder: Where they lie, maybe among what an earlier attempt left.
        files: The model's own, by path inside the folder; None: all that is there.
        version: Revision by the publisher.
        published: SHA-256 by path, where the publisher states them.
        came_from: Address.
    """

    folder: Path
    version: str
    came_from: str
    files: tuple[str, ...] | None = None
    published: Mapping[str, str] = field(default_factory=dict)


class Publisher(Protocol):
    """Gives drafts."""

    def get(
        self, model: CatalogueModel, folder: Path, revision: str, progress: Progress
    ) -> Draft:
        """The model's files in `folder`, of a revision or ("") the newest.

        Raises:
            UnavailableError: It cannot be had.
            DamageError: What came is not what the publisher says.
        """
        ...


def check_published(path: Path, checksum: str, where: str) -> None:
    """Compares a file with what the publisher says of it; "" is nothing.

    Raises:
        DamageError: It is another one; it is removed.
    """
    if checksum and file_sha256(path) != checksum:
        path.unlink()
        raise DamageError(
            f"{where}: {path.name} is not what the publisher says it is (SHA-256)"
        )


def refuse_pickles_by_name(name: str) -> None:
    """Refuses what could run code when it is loaded (O3).

    Raises:
        ConfigError: Names the file.
    """
    path = PurePosixPath(name)
    allowed = path.suffix in ALLOWED or path.name in PAPERS
    torch_weights = path.name.startswith("pytorch_model")
    if not is_plain_path(name) or not allowed or torch_weights:
        raise ConfigError(
            f"{name}: is no kind of file that a model is loaded from here; "
            "expected safetensors, a native model, or plain text"
        )


def refuse_pickles(path: Path) -> None:
    """Refuses a file that is a pickle by its content (O3).

    Raises:
        DamageError: Names the file, which is removed.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(PICKLES):
        path.unlink()
        raise DamageError(f"{path.name}: is a pickle, which could run code; refused")
