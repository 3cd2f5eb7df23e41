"""Countries in `name:`: their inflected mentions, and nothing that only looks alike."""

import pytest

from pipeline.countries import countries
from pipeline.names import Name
from search_index.engines.contract import IndexEngine
from search_index.interpretation import SearchContext
from search_index.name_counts import name_counts
from search_index.query import Results, SearchRequest
from tests.search_index.conftest import MakeIndex
from tests.search_index.samples import NOW, ask, document, found

TEXTS = {
    "ru-russia": ("ru", "Делегация вернулась из России."),
    "tr-russia": ("tr", "Rusya'nın açıklaması"),
    "ar-russia": ("ar", "زار الوفد لروسيا ومصر"),
    "ru-georgia": ("ru", "Встреча в Грузии"),
    "ru-cargo": ("ru", "Двести тонн груза"),
    "ru-niger": ("ru", "Переворот в Нигере"),
    "ru-nigeria": ("ru", "Выборы в Нигерии"),
    "ru-that": ("ru", "После того как он ушёл"),
    "ru-togo": ("ru", "Президент Республики Того"),
    "vi-russia": ("vi", "Ngoại trưởng Nga tới Hà Nội"),
    "vi-laos": ("vi", "Thủ tướng Lào thăm Việt Nam"),
    "vi-labour": ("vi", "Bộ Lao động họp"),
    "vi-law": ("vi", "phương pháp và luật pháp"),
    "vi-france": ("vi", "Tổng thống Pháp tới nơi"),
    "es-and": ("es", "Un hombre y una mujer"),
    "zh-belarus": ("zh", "白俄罗斯总统访问"),
    "zh-india": ("zh", "印度总理访问"),
    "zh-indonesia": ("zh", "印度尼西亚总统访问"),
    "en-guinea": ("en", "Floods in Guinea"),
    "en-papua": ("en", "Floods in Papua New Guinea"),
    "en-us": ("en", "The U.S. said so, and the USA paid."),
    "en-us-pronoun": ("en", "They told us so."),
    "und": ("und", "Vietnam"),
}


@pytest.fixture
def world(make_index: MakeIndex) -> IndexEngine:
    translated = document("kk", "Қазақша мәтін", "kk", english="A visit to Poland")
    made = (document(name, text, tag) for name, (tag, text) in TEXTS.items())
    return make_index([*made, translated])


def searched(index: IndexEngine, text: str, **values: object) -> Results:
    return ask(index, text, countries=countries(), **values)


@pytest.mark.parametrize(
    ("name_id", "expected"),
    [
        ("russia", {"ru-russia", "tr-russia", "ar-russia", "vi-russia"}),
        ("belarus", {"zh-belarus"}),
        ("egypt", {"ar-russia"}),
        ("georgia", {"ru-georgia"}),
        ("niger", {"ru-niger"}),
        ("nigeria", {"ru-nigeria"}),
        ("togo", {"ru-togo"}),
        ("laos", {"vi-laos"}),
        ("vietnam", {"vi-laos"}),
        ("france", {"vi-france"}),
        ("italy", set()),
        ("india", {"zh-india"}),
        ("indonesia", {"zh-indonesia"}),
        ("guinea", {"en-guinea"}),
        ("papua-new-guinea", {"en-papua"}),
        ("united-states", {"en-us"}),
        ("poland", {"kk"}),
    ],
)
def test_a_country_is_found_where_it_is_meant(
    world: IndexEngine, name_id: str, expected: set[str]
) -> None:
    assert set(found(searched(world, f"name:{name_id}"))) == expected


def test_a_name_of_the_workspace_wins_over_a_country(world: IndexEngine) -> None:
    own = Name(id="georgia", type="person", spellings={"ru": ("Тонн",)})
    results = searched(world, "name:georgia", names={"georgia": own})
    assert found(results) == ["ru-cargo"]


def test_typed_words_are_not_taken_for_countries(world: IndexEngine) -> None:
    """So that `того` stays a pronoun: a country is named with `name:`."""
    results = searched(world, "России", query_language="ru")
    assert found(results) == ["ru-russia"]
    assert "names_spelt" not in {notice.code for notice in results.notices}


def test_a_mistyped_country_is_answered_with_names_near_it(world: IndexEngine) -> None:
    with pytest.raises(Exception, match="expected one of the names: vietnam"):
        searched(world, "name:vietnm")


def test_mentions_are_marked_in_their_own_language_only(world: IndexEngine) -> None:
    (hit,) = searched(world, "name:togo").hits
    marked = [p.text[a:b] for p in hit.passages for a, b in p.highlights]
    assert marked == ["Республики Того"]


OWN = {
    "talks": Name(id="talks", type="event", spellings={"ru": ("Встреча", "Выборы")}),
    "never": Name(id="never", type="person", spellings={"en": ("Nobody",)}),
}


class TestCounts:
    """Names as a facet of an answer."""

    def counted(
        self,
        index: IndexEngine,
        text: str,
        limit: int = 30,
        chosen: tuple[str, ...] = (),
    ) -> list[tuple[str, int]]:
        context = SearchContext(now=NOW, names=OWN, countries=countries())
        request = SearchRequest(text=text)
        found = name_counts(request, context, index=index, limit=limit, chosen=chosen)
        return [(facet.value, facet.count) for facet in found]

    def test_names_and_countries_of_all_full_matches_are_counted_most_first(
        self, world: IndexEngine
    ) -> None:
        counted = self.counted(world, "*")
        assert counted[:3] == [("russia", 4), ("talks", 2), ("belarus", 1)]
        assert "never" not in dict(counted)

    def test_each_count_is_the_total_of_the_answer_that_the_name_narrows(
        self, world: IndexEngine
    ) -> None:
        counted = self.counted(world, "lang:ru")
        assert dict(counted).keys() == {
            "russia", "georgia", "niger", "nigeria", "togo", "talks"
        }  # fmt: skip
        for name, count in counted:
            narrowed = searched(world, f"lang:ru name:{name}", names=OWN)
            assert narrowed.total == count

    def test_chosen_names_are_given_in_any_case(self, world: IndexEngine) -> None:
        counted = self.counted(world, "*", limit=1, chosen=("never", "togo", "gone"))
        assert counted == [("russia", 4), ("never", 0), ("togo", 1)]

    def test_an_empty_answer_mentions_nobody(self, world: IndexEngine) -> None:
        assert self.counted(world, "nothinglikethis") == []
