"""The catalogue has every published model of Firefox, with its figures."""

import re
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.translation.models.catalogue import (
    Catalogue,
    CatalogueModel,
    read_catalogue,
)
from tests.model_stores import model, on_hub

PUBLISHED = """
ar base 43 39.6 .864 / mem 31 38.3 .859; az tiny 17 18.8 .832; be tiny 17 15.9 .794;
bg mem 31 40.2 .873 / tiny 17 39.1 .867; bn tiny 17 30.2 .852; bs tiny 17 31.0 .816;
ca mem 31 44.7 .882 / tiny 17 38.7 .851; cs mem 31 36.5 .873 / tiny 17 34.7 .865;
da tiny 17 46.0 .891; de base 43 41.6 .885 / mem 31 41.4 .882 / tiny 17 39.6 .871;
el tiny 17 33.2 .861; es mem 31 27.5 .856 / tiny 17 27.5 .851;
et mem 31 36.4 .883 / tiny 17 33.5 .853; fa tiny 17 32.8 .853;
fi mem 31 32.8 .890 / tiny 17 31.7 .873; fr mem 31 44.3 .885 / tiny 17 43.8 .881;
gu tiny 17 32.5 .870; he tiny 17 40.1 .862; hi tiny 17 36.2 .872; hr tiny 17 34.2 .858;
hu tiny 17 32.2 .863; id tiny 17 39.5 .875; is mem 31 33.9 .850 / tiny 17 23.6 .744;
it mem 31 31.2 .871 / tiny 17 30.9 .869; ja base 59 25.9 .864 / mem 44 25.4 .864;
kn tiny 17 29.7 .843; ko base 59 29.0 .869 / mem 44 27.8 .865; lt tiny 17 29.4 .839;
lv tiny 17 31.9 .850; ml tiny 17 30.8 .847; ms tiny 17 41.0 .870; mt tiny 17 42.7 .761;
nb tiny 13 37.4 .847; nl mem 31 30.1 .864 / tiny 17 29.7 .858;
pl mem 31 27.3 .848 / tiny 17 26.8 .839; pt mem 31 47.9 .888 / tiny 17 47.8 .886;
ro tiny 17 39.9 .878; ru tiny 17 30.4 .843; sk tiny 17 34.7 .862;
sl mem 31 32.8 .864 / tiny 17 31.0 .852; sr tiny 17 37.8 .849; sv tiny 17 47.2 .890;
ta tiny 17 27.6 .827; te tiny 17 35.2 .852; tr tiny 17 33.9 .871; uk tiny 17 33.6 .843;
vi tiny 17 33.6 .853; zh mem 44 27.8 .856
"""
"""Language, size class, MB, BLEU, COMET into English; list of December 2025."""

VARIANTS = {"base": "base", "mem": "base-memory", "tiny": "tiny"}
Row = tuple[str, str, float, float | None, float | None]


def published() -> list[Row]:
    rows: list[Row] = []
    for of_language in PUBLISHED.split(";"):
        language, _, sizes = of_language.strip().partition(" ")
        for size in sizes.split(" / "):
            name, megabytes, bleu, comet = size.split()
            figures = float(megabytes), float(bleu), float(comet)
            rows.append((language, VARIANTS[name], *figures))
    return rows


def test_every_published_model_of_firefox_has_its_row_and_no_other() -> None:
    rows = [
        (m.sources[0], m.variant, m.size_mb, m.bleu, m.comet)
        for m in read_catalogue().models
        if m.engine == "firefox"
    ]
    assert len(rows) == 66
    assert sorted(rows, key=str) == sorted(published(), key=str)


def test_names_tell_pair_and_size() -> None:
    for found in read_catalogue().models:
        if found.engine == "firefox":
            assert found.name == f"firefox-{found.pair}-{found.variant}"
            assert found.licence == "MPL-2.0"


def test_the_best_comet_then_bleu_then_the_smaller_is_the_default() -> None:
    catalogue = read_catalogue()
    by_language: dict[str, list[Row]] = {}
    for row in published():
        by_language.setdefault(row[0], []).append(row)
    for language, rows in by_language.items():
        best = max(rows, key=lambda row: (row[4], row[3], -row[2]))
        found = catalogue.default(language, "en")
        assert found is not None
        assert found.name == f"firefox-{language}-en-{best[1]}"


def test_a_pairs_own_figures_decide_among_models_of_many_languages() -> None:
    def many(name: str, **scores: tuple[float, float]) -> CatalogueModel:
        return CatalogueModel(
            name=name,
            engine="ctranslate2",
            architecture="m2m100",
            sources=("th", "lo"),
            targets=("en",),
            size_mb=1,
            licence="MIT",
            location="hub",
            repository="someone/many",
            files=("model.bin",),
            scores={f"{source}-en": score for source, score in scores.items()},
        )

    catalogue = Catalogue(
        [many("a", th=(10.0, 0.7)), many("b", th=(12.0, 0.8), lo=(9.0, 0.6))]
    )
    assert [m.name for m in catalogue.serving("th", "en")] == ["b", "a"]
    assert [m.name for m in catalogue.serving("lo", "en")] == ["b", "a"]


def test_northern_sotho_is_known_by_its_tag() -> None:
    found = read_catalogue().default("nso-ZA", "en")
    assert found is not None
    assert found.name == "m2m100-418m"


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
