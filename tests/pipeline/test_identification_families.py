"""Close neighbours: what tells them apart, and that nothing else is touched."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents import Identifier
from pipeline.identification import make_identifier
from pipeline.identification.families import (
    Ranked,
    are_close,
    families_of,
    settle,
    settle_whole,
)
from pipeline.identification.scripts import written_tag
from pipeline.translation.models.catalogue import read_catalogue
from search_index.analysis import recipe_for
from search_index.entry import language_ranges


@pytest.fixture(scope="module")
def fast() -> Identifier:
    return make_identifier("fast")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Tko je tijekom tjedna glasovao u Europi, nitko ne zna.", "hr"),
        ("Hiljade ljudi su prošle sedmice učestvovale u historijskom maršu.", "bs"),
        ("Predsednik je rekao da će posle sednice posetiti deo grada.", "sr"),
        ("Председник је рекао да ће после седнице посетити део града.", "sr"),
        ("Претседателот рече дека по седницата ќе го посети градот.", "mk"),
        ("Председателят каза, че след заседанието ще посети града.", "bg"),
        ("Presiden mengatakan mobil itu bisa dibeli karena uangnya cukup.", "id"),
        ("Kerajaan berkata wang itu boleh diguna kerana pejabat bersetuju.", "ms"),
        ("Statsministeren sier at ingen fikk vite hva som skjedde etterpå.", "nb"),
        ("Statsministeren siger, at ingen fik at vide, hvad der skete bagefter.", "da"),
        ("Statsministeren seier at ingen fekk vite kva som hende etterpå.", "nn"),
        ("Prezident řekl, že vláda neví, co se stalo při jednání.", "cs"),
        ("Prezident povedal, že vláda nevie, čo sa stalo pri rokovaní.", "sk"),
        ("O presidente dixo que a xente non sabe o que pasou onte.", "gl"),
        ("O presidente disse que as pessoas não sabem o que aconteceu ontem.", "pt"),
        ("Die president sê dat die mense nie weet wat gister gebeur het nie.", "af"),
        ("राष्ट्रपतिले भने कि सहरका मेयरहरू भेटेका छन्।", "ne"),
        ("राष्ट्रपतींनी सांगितले की शहरांचे महापौर भेटले आहेत.", "mr"),
        (
            "Бүтүн инсанлар ләјагәт вә һүгугларына ҝөрә азад вә бәрабәр доғулурлар.",
            "az",
        ),
        ("هەموو مرۆڤەکان بە ئازادی و یەکسان لە ڕێز و مافەکاندا لەدایک دەبن", "ckb"),
        ("صدر نے کہا کہ شہروں کے میئر ملے ہیں اور معاہدے پر دستخط کیے", "ur"),
        ("رئیس جمهور گفت که شهرداران شهرها دیدار کرده‌اند", "fa"),
        ("ولسمشر وویل چې د ښارونو ښاروالان سره وليدل", "ps"),
        ("市長們上週五在喀山會面並簽署協議。", "zh-Hant"),
        ("市长们上周五在喀山会面并签署协议。", "zh"),
    ],
)
def test_close_neighbours_are_told_apart(text: str, language: str, fast) -> None:
    assert fast.identify(text).language == language


ANY_RANKED = st.lists(
    st.tuples(
        st.sampled_from(["bs", "hr", "sr", "sl", "id", "ms", "en", "vi", "und"]),
        st.floats(0.01, 1),
    ),
    min_size=1,
    unique_by=lambda item: item[0],
).map(lambda items: [(tag, p / sum(q for _, q in items)) for tag, p in items])


@given(ANY_RANKED, st.text(max_size=80), st.sampled_from(["", "bs", "ms", "vi"]))
def test_only_shares_between_neighbours_change(
    ranked: Ranked, text: str, declared: str
) -> None:
    ranked = sorted(ranked, key=lambda item: -item[1])
    text = f"kuća {text}"
    settled = settle_whole(settle(ranked, text), text, more=0.5, declared=declared)
    first = settled[0][0]
    assert are_close(first, ranked[0][0])
    assert math.isclose(sum(p for _, p in settled), 1, rel_tol=1e-6)
    neighbours = {tag for tag, _ in settled if are_close(ranked[0][0], tag)}
    before = {tag: p for tag, p in ranked if tag not in neighbours}
    assert {tag: p for tag, p in settled if tag not in neighbours} == before


NEAR = [("hr", 0.6), ("bs", 0.3), ("sr", 0.1)]
CROATIAN = "tko tijekom tjedna"


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        ("kuća", "bs", "bs"),
        ("kuća", "hr", "hr"),
        ("kuća", "vi", "hr"),
        ("kuća", "sr", "hr"),
        (CROATIAN, "bs", "hr"),
        ("2024", "bs", "hr"),  # without letters there is no family
    ],
)
def test_a_declared_neighbour_wins_a_near_tie_and_no_other(
    text, declared, expected
) -> None:
    settled = settle_whole(NEAR, text, more=1, declared=declared)
    assert settled[0][0] == expected


def test_evidence_in_another_script_is_not_asked() -> None:
    assert families_of("sr", "Председник је рекао") != families_of("sr", "Predsednik")
    assert families_of("vi", "Thị trưởng") == ()
    assert families_of("hr", "") == ()


def test_traditional_chinese_is_translated_searched_and_filtered_as_chinese() -> None:
    tag = written_tag("zh", "市長們會面")
    catalogue = read_catalogue()
    assert catalogue.default(tag, "en") == catalogue.default("zh", "en") is not None
    assert recipe_for(tag) == recipe_for("zh")
    assert "zh" in language_ranges(tag)


def test_chinese_that_both_standards_write_alike_is_chinese() -> None:
    assert written_tag("zh", "中山公园") == "zh"
    assert written_tag("zh", "中山") == "zh"
    assert written_tag("ja", "市長們會面") == "ja"
