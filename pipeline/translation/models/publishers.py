"""Where models come from besides Firefox's: the model hub, and OPUS-MT."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Self, TypeVar

from pipeline.errors import UnavailableError
from pipeline.http_routes import routed_transport
from pipeline.translation.models.catalogue import CatalogueModel
from pipeline.translation.models.downloads import (
    Downloads,
    DownloadSettings,
    Progress,
    no_progress,
)
from pipeline.translation.models.drafts import (
    Draft,
    check_published,
    refuse_pickles,
    refuse_pickles_by_name,
)
from pipeline.urls import host_of

SLACK = 3
"""A download may be so many times as large as the catalogue says."""

ORIGINAL = 10
"""OPUS-MT's zips are so many times as large as the int8 model, or less: weights in
float32, and in some an optimiser's state."""

T = TypeVar("T")

WEIGHTS, PIECES = (".safetensors", ".bin"), (".model", ".spm")


class HubPublisher:
    """The model hub, through its own library."""

    def __init__(
        self, settings: DownloadSettings, *, endpoint: str, token: str = ""
    ) -> None:
        """Args: how downloads behave, the hub's root, the key."""
        self._settings = settings
        self._endpoint = endpoint
        self._token = token

    def get(
        self,
        model: CatalogueModel,
        folder: Path,
        revision: str,
        progress: Progress = no_progress,
    ) -> Draft:
        """As `Publisher`; only the listed files of one commit."""
        for name in model.files:
            refuse_pickles_by_name(name)
        commit, offered = self._asked(partial(self._info, model, revision), model)
        chosen = tuple(name for name in model.files if name in offered)
        self._refuse_incomplete(model, chosen)
        self._refuse_size(model, sum(offered[name].size or 0 for name in chosen))
        for name in chosen:
            fetch = partial(self._file, model, name, commit, folder, progress)
            self._asked(fetch, model)
        published = {
            name: offered[name].lfs.sha256 for name in chosen if offered[name].lfs
        }
        for name in chosen:
            refuse_pickles(folder / name)
            check_published(folder / name, published.get(name, ""), model.repository)
        return Draft(
            folder=folder,
            files=chosen,
            version=commit,
            came_from=f"{self._endpoint}/{model.repository}",
            published=published,
        )

    def _asked(self, ask: Callable[[Any], T], model: CatalogueModel) -> T:
        """What the hub's library gives, with its errors as ours."""
        hub = _hub(self._settings)
        try:
            return ask(hub)
        except (OSError, ValueError, hub.errors.HfHubHTTPError, *_http_errors()) as e:
            if isinstance(e, OSError) and e.errno is not None:
                raise  # a full disk is told as such
            raise UnavailableError(f"{self._endpoint}/{model.repository}: {e}") from e

    def _info(
        self, model: CatalogueModel, revision: str, hub: Any
    ) -> tuple[str, dict[str, Any]]:
        """The commit, and its files by name."""
        found = hub.HfApi(
            endpoint=self._endpoint, token=self._token or False
        ).model_info(
            model.repository,
            revision=revision or model.revision or None,
            files_metadata=True,
            timeout=self._settings.timeout_seconds,
        )
        if not found.sha:
            raise ValueError("the answer names no commit")
        return found.sha, {file.rfilename: file for file in found.siblings or ()}

    def _file(
        self,
        model: CatalogueModel,
        name: str,
        commit: str,
        folder: Path,
        progress: Progress,
        hub: Any,
    ) -> None:
        hub.hf_hub_download(
            model.repository,
            name,
            revision=commit,
            local_dir=folder,
            endpoint=self._endpoint,
            etag_timeout=self._settings.timeout_seconds,
            token=self._token or False,
            tqdm_class=_bar(progress),
        )

    def _refuse_incomplete(
        self, model: CatalogueModel, chosen: tuple[str, ...]
    ) -> None:
        for ends in (WEIGHTS, PIECES):
            wanted = [name for name in model.files if name.endswith(ends)]
            if wanted and not any(name in chosen for name in wanted):
                raise UnavailableError(
                    f"{self._endpoint}/{model.repository}: has no {' or '.join(wanted)}"
                )

    def _refuse_size(self, model: CatalogueModel, size: int) -> None:
        if size > model.size_mb * SLACK * 1e6:
            raise UnavailableError(
                f"{self._endpoint}/{model.repository}: {size / 1e6:,.0f} MB, where the "
                f"catalogue says {model.size_mb:,.0f} MB"
            )


class OpusPublisher:
    """Zips of the OPUS-MT project, converted to int8 here."""

    def __init__(self, downloads: Downloads) -> None:
        """Args: the client."""
        self._downloads = downloads

    def get(
        self,
        model: CatalogueModel,
        folder: Path,
        revision: str,
        progress: Progress = no_progress,
    ) -> Draft:
        """As `Publisher`; the zip stays outside the model."""
        from pipeline.translation.models.conversion import convert

        archive = folder.with_name(folder.name + ".zip")
        limit = int(model.size_mb * SLACK * ORIGINAL * 1e6)
        self._downloads.fetch(model.url, archive, max_bytes=limit, progress=progress)
        made = folder.with_name(folder.name + ".converted")
        for left in (folder, made):  # by an attempt that was killed
            shutil.rmtree(left, ignore_errors=True)
        try:
            convert(archive, made, quantization="int8")
            version = model.revision or _version(archive)
        finally:
            archive.unlink()
        made.replace(folder)
        return Draft(folder=folder, version=version, came_from=model.url)


def hub_endpoint(configured: str, environment: Mapping[str, str]) -> str:
    """The hub's root: configured, or by `HF_ENDPOINT`, or the public one.

    >>> hub_endpoint("", {"HF_ENDPOINT": "https://hub.example.org/"})
    'https://hub.example.org'
    """
    chosen = configured or environment.get("HF_ENDPOINT", "")
    return (chosen or "https://huggingface.co").rstrip("/")


def _version(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _bar(progress: Progress) -> type:
    """A progress bar as the hub's library takes it, that only tells `progress`."""

    class Bar:
        def __init__(self, *_: Any, initial: int = 0, **__: Any) -> None:
            progress(initial or 0)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, count: float | None = 1) -> None:
            progress(int(count or 0))

    return Bar


def _hub(settings: DownloadSettings) -> Any:
    """The hub's library, by the configured routes alone and without telemetry.

    With that it asks the public hub, whichever one is configured, which programs there
    are that may run it, and tells the hub which one does.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")  # its native client takes them
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    import huggingface_hub
    from huggingface_hub import constants

    # Whoever imported it before has read the environment before.
    constants.HF_HUB_DISABLE_TELEMETRY = True

    def noted(request: Any) -> None:
        """Also where a redirect leads."""
        settings.note_contact(host_of(str(request.url)), "models")

    client = type(huggingface_hub.get_session())
    library = _library_of(client)
    huggingface_hub.set_client_factory(
        lambda: client(
            transport=routed_transport(settings.egress, library, settings.note_contact),
            trust_env=False,
            follow_redirects=True,
            timeout=settings.timeout_seconds,
            event_hooks={"request": [noted]},
        )
    )
    return huggingface_hub


def _http_errors() -> tuple[type[Exception], ...]:
    """What the hub's HTTP client raises, whichever it is."""
    import huggingface_hub

    library: Any = _library_of(type(huggingface_hub.get_session()))
    error: type[Exception] = library.HTTPError
    return (error,)


def _library_of(client: type) -> ModuleType:
    import importlib

    return importlib.import_module(client.__module__.split(".")[0])
