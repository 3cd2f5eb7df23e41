"""The catalogue of models: which one a language gets, and what it says of each."""

import re
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.translation.models.catalogue import (
    Catalogue,
    CatalogueModel,
    read_catalogue,
)
from tests.pipeline.test_models import model, on_hub

BEST = {
    "ar": "firefox-ar-en-base",
    "vi": "firefox-vi-en-tiny",
    "ru": "firefox-ru-en-tiny",
    "ja": "firefox-ja-en-base",
    "is": "firefox-is-en-base-memory",
    "de": "firefox-de-en-base",
    "zh-Hans": "firefox-zh-en-base-memory",
    "no": "firefox-nb-en-tiny",
    "th": "m2m100-418m",
    "am": "m2m100-418m",
}
WITHOUT_FIREFOX = "th tl am af cy gl hy ig mr my ur sw ka kk uz km lo si ne pa ps so mk"


@pytest.mark.parametrize("language", BEST)
def test_the_best_measured_permissive_model_is_the_default(language) -> None:
    found = read_catalogue().default(language, "en")
    assert found is not None
    assert found.name == BEST[language]


def test_every_language_without_a_firefox_model_has_a_permissive_one() -> None:
    catalogue = read_catalogue()
    for language in WITHOUT_FIREFOX.split():
        found = catalogue.default(language, "en")
        assert found is not None, language
        assert found.commercial
        assert found.engine != "firefox"


def test_the_catalogue_states_licence_size_and_source_of_its_figures() -> None:
    models = read_catalogue().models
    assert len(models) > 70
    for found in models:
        assert found.licence
        scored = found.comet is not None or bool(found.scores)
        assert (found.comet is None) == (found.bleu is None)
        assert scored == bool(found.figures)
        assert not re.search("[0-9a-f]{40}", repr(found)), "an unchecked hash"
    assert [m.name for m in models if not m.commercial] == ["nllb-200-distilled-600m"]


def test_a_model_of_many_languages_has_figures_by_pair() -> None:
    found = model("nllb-200-distilled-600m")
    assert found.score("ar", "en") == (36.5, 0.854)
    assert found.score("th", "en") is None
    assert model().score("vi", "en") == (33.6, 0.853)


def test_a_non_commercial_model_is_no_default_however_good() -> None:
    good = CatalogueModel(**{**vars(on_hub()), "comet": 0.99, "commercial": False})
    other = CatalogueModel(**{**vars(good), "name": "better"})
    assert Catalogue([other, on_hub()]).default("th", "en") == on_hub()


def test_a_catalogue_of_ones_own_is_added_and_wins(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(
        '[[model]]\nname = "firefox-vi-en-tiny"\nengine = "firefox"\n'
        'architecture = "bergamot"\nvariant = "base"\nsources = ["vi"]\n'
        'targets = ["en"]\nsize_mb = 40\nlicence = "MPL-2.0"\nlocation = "firefox"\n'
    )
    found = read_catalogue(path).get("firefox-vi-en-tiny")
    assert found is not None
    assert found.variant == "base"
    path.write_text('[[model]]\nname = "x"\nsize = 3\n')
    with pytest.raises(ConfigError, match=r"catalogue\.toml: model\.0"):
        read_catalogue(path)
