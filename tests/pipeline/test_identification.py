"""Languages of texts and documents; figures are in `tests/quality`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelwire.demo.model import DemoArticle
from babelwire.demo.world import World
from pipeline.documents import UNDETERMINED, Identification, Identifier
from pipeline.errors import ConfigError
from pipeline.identification import IDENTIFIERS, identify_document, make_identifier
from pipeline.identification.identifiers import LANGDETECT_LACKS
from pipeline.identification.vietnamese import is_unaccented_vietnamese

ARTICLES = World.load().articles
EACH_ARTICLE = pytest.mark.parametrize("article", ARTICLES, ids=lambda a: a.id)


@pytest.fixture(scope="module")
def fast() -> Identifier:
    return make_identifier("fast")


def primary(tag: str) -> str:
    return tag.split("-")[0]


@EACH_ARTICLE
def test_the_demo_s_articles_are_told_whatever_they_declare(
    article: DemoArticle, fast: Identifier
) -> None:
    found = identify_document(article.title, article.text_in(1), fast)
    assert found.language == primary(article.language)
    assert found.confidence > 0.5


@pytest.mark.parametrize("name", [*IDENTIFIERS, "fast"])
def test_the_same_text_gets_the_same_answer_every_time(name: str) -> None:
    text = "Die Bürgermeister trafen sich. Los alcaldes se reunieron en la ciudad."
    first, second = make_identifier(name), make_identifier(name)
    answers = {first.identify(text) for _ in range(3)} | {second.identify(text)}
    assert len(answers) == 1
    assert first.version == second.version != ""


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_every_identifier_tells_plain_texts(name: str) -> None:
    identifier = make_identifier(name)
    texts = {
        "vi": "Thị trưởng các thành phố gặp nhau tại Kazan vào thứ Sáu vừa qua.",
        "ru": "Мэры ста десяти городов встретились в Казани в прошлую пятницу.",
        "ar": "اجتمع رؤساء بلديات مئة وعشر مدن في قازان يوم الجمعة الماضي.",
        "zh": "一百一十座城市的市长上周五在喀山会面并签署协议。",
        "en": "The mayors of one hundred and ten cities met in Kazan last Friday.",
    }
    found = {tag: identifier.identify(text).language for tag, text in texts.items()}
    assert found == {tag: tag for tag in texts}


def test_another_identifier_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match='found "magic", expected one of "fast"'):
        make_identifier("magic")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "12 345,67 — 2024-06-21 10:30",
        "🎉🎉🎉 !!! ???",
        "a9f3c2e7b1 0x7ffe33 b1c2d3",
        "XK-203 BQ77 a9f3",
        "hjkhjk uiouio bnmbnm",
        "uxjd kxwqnqvg jspqm bphxzmn flrwyvxl ovq",
        "sdkfj lskdjf lskdjf oweiru woeiur",
        "OK",
        "http www",
        "N/A",
        "a",
        "Я",
        "é é é",
        "👩‍🏫👍",
        "\x00\x00",
        "\ud800\udfff",
        "https://example.org/tin-tuc http://example.org/b?c=d",
        "@mayor @city #kazan #forum2024 #thitruong press@example.org",
        "for (var i=0; i<n; i++) { a[i] = b[i]; }",
        "if (a[i] > b[i]) { return a[i] * 2; }",
        "John Smith Maria Garcia Ivan Petrov",
    ],
)
def test_rubbish_is_undetermined(text: str, fast: Identifier) -> None:
    found = fast.identify(text)
    assert found.language == UNDETERMINED
    assert UNDETERMINED not in dict(found.alternatives)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Thị trưởng gặp nhau", "vi"),
        ("Мэры встретились", "ru"),
        ("اجتماع رؤساء البلديات", "ar"),
        ("市长们会面", "zh"),
        ("市長が会談した", "ja"),
        ("Die Bürgermeister tagen", "de"),
        ("नगर प्रमुखों की बैठक", "hi"),
        ("นายกเทศมนตรีพบกัน", "th"),
    ],
)
def test_three_words_are_enough_for_many_languages(text, language, fast) -> None:
    assert fast.identify(text).language == language


def test_norwegian_is_bokmal_and_members_of_chinese_are_chinese(fast) -> None:
    text = "Ordførerne møttes i Kasan på fredag og skrev under fjorten avtaler."
    assert fast.identify(text).language == "nb"
    assert primary(fast.identify("市長喺喀山開會，佢哋簽咗協議。").language) == "zh"


def test_langdetect_s_gaps_are_what_the_readme_says() -> None:
    """A text in one of them is called something else; the default knows them."""
    from langdetect import DetectorFactory, detector_factory

    detector_factory.init_factory()
    factory: DetectorFactory = detector_factory._factory
    known = {language.split("-")[0] for language in factory.get_lang_list()}
    assert {"no", "hr", "sk", "mk", "ne", "ur"} <= known
    assert not known & set(LANGDETECT_LACKS)


ANY_TEXT = st.text(st.characters(), max_size=300)
"""Lone surrogates, controls and unassigned code points too."""


@given(ANY_TEXT)
@settings(max_examples=300)
def test_any_text_has_an_answer(text: str) -> None:
    found = make_identifier("fast").identify(text)
    assert found.language
    assert 0 <= found.confidence <= 1
    assert all(0 <= share <= 1 for _, share in found.alternatives)
    assert found.language == UNDETERMINED or found.language not in dict(
        found.alternatives
    )


# --- Vietnamese without accents --------------------------------------------------

UNACCENTED = [
    "dien dan cac thanh pho cua cac nuoc tai Kazan",
    "thi truong hoc tap nhau khong can di xa",
    "gia gao tang manh trong thang sau nhung nguoi dan van lo",
    "chu tich nuoc gap go cac nha bao o Ha Noi",
]


@pytest.mark.parametrize("text", UNACCENTED)
def test_vietnamese_without_accents_is_vietnamese(text: str, fast) -> None:
    assert fast.identify(text).language == "vi"


@pytest.mark.parametrize(
    "text",
    [
        "the mayors of the cities meet in the capital",
        "le maire a dit que la ville va bien",
        "para wali kota bertemu di kota itu",
        "mo lan den",
        "LE VAN TAM",
        "",
    ],
)
def test_other_languages_are_not_taken_for_it(text: str) -> None:
    assert not is_unaccented_vietnamese(text)


# --- Whole documents -------------------------------------------------------------

INDONESIAN = (
    "Para wali kota dari seratus sepuluh kota bertemu di Kazan pada hari Jumat dan "
    "menandatangani empat belas perjanjian tentang angkutan umum dan perumahan."
)
ENGLISH = (
    "All content belongs to its authors and may not be copied without a written "
    "permission of the publisher, which can be asked for at the address below."
)


def test_english_furniture_does_not_outvote_the_article(fast) -> None:
    found = identify_document("Wali kota", f"{ENGLISH}\n{INDONESIAN}\nHome\nNews", fast)
    assert found.language == "id"
    assert dict(found.alternatives)["en"] > 0.1


def test_short_lines_do_not_vote_beside_long_ones(fast) -> None:
    menu = "\n".join(["Home", "About us", "Contact the editors"] * 30)
    assert identify_document("", f"{menu}\n{INDONESIAN}", fast).language == "id"


def test_without_long_lines_title_and_text_are_asked_as_one(fast) -> None:
    found = identify_document("Thị trưởng gặp nhau", "Hà Nội, thứ Sáu.", fast)
    assert found.language == "vi"


def test_long_lines_of_no_language_leave_the_title_to_answer(fast) -> None:
    found = identify_document("Thị trưởng các thành phố gặp nhau", "0x1f " * 40, fast)
    assert found.language in {"vi", UNDETERMINED}
    assert identify_document("", "", fast).language == UNDETERMINED


class Voter:
    version = "voter-1"

    def identify(self, text: str) -> Identification:
        return Identification(language=text.split()[0], confidence=1.0)


def test_equal_votes_are_decided_by_the_tag() -> None:
    lines = [f"{tag} " + "x" * 80 for tag in ("vi", "ru")]
    for order in (lines, lines[::-1]):
        found = identify_document("", "\n".join(order), Voter())
        assert (found.language, found.confidence) == ("ru", 0.5)
        assert found.alternatives == (("vi", 0.5),)


@given(ANY_TEXT, ANY_TEXT, st.text(max_size=8))
@settings(max_examples=100)
def test_any_document_has_an_answer(title: str, text: str, declared: str) -> None:
    found = identify_document(title, text, make_identifier("fast"), declared)
    assert found.language
    assert 0 <= found.confidence <= 1


def test_a_line_of_10_mb_is_asked_in_a_few_places(fast) -> None:
    """P5: its beginning is no more than any other part."""
    asked: list[int] = []

    class Counting:
        version = "counting-1"

        def identify(self, text: str) -> Identification:
            asked.append(len(text))
            return fast.identify(text)

    sentence = f"{INDONESIAN} "
    text = f"{ENGLISH} {sentence * (10_000_000 // len(sentence))}"
    assert identify_document("", text, Counting()).language == "id"
    assert len(asked) <= 12
    assert sum(asked) < 10_000


@pytest.mark.parametrize(
    "text",
    ["a" * 20_000, "a" * 19_999 + "@", "#" * 20_000, "1 " * 10_000, "é." * 9_999],
)
def test_a_text_of_one_sign_costs_no_more_than_its_length(text: str, fast) -> None:
    """P5: a quadratic pattern would take minutes here."""
    assert fast.identify(text).language == UNDETERMINED


def test_text_in_capitals_is_told_like_any_other(fast) -> None:
    for text in (INDONESIAN, ENGLISH, "Мэры встретились в Казани в прошлую пятницу."):
        assert fast.identify(text.upper()).language == fast.identify(text).language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (
            "#breaking #news @agency Đoàn đại biểu các thành phố gặp nhau https://t.co/x",
            "vi",
        ),
        ("Мэ\u200bры встре\u00adтились в Каза\ufeffни в прошлую пятницу", "ru"),
        ("ﺍﺟﺘﻤﻊ ﺭﺅﺳﺎء ﺑﻠﺪﻳﺎﺕ ﻣﺌﺔ ﻭﻋﺸﺮ ﻣﺪﻥ ﻓﻲ ﻗﺎﺯﺍﻥ", "ar"),
        (
            "Thi\u0323\u0302 tru\u031bo\u031b\u0309ng ca\u0301c nu\u031bo\u031b\u0301c",
            "vi",
        ),
        ("Die Bürgermeister tra\ufb00en sich am Freitag in der Stadt", "de"),
    ],
)
def test_a_text_is_told_however_it_is_encoded(text, language, fast) -> None:
    assert fast.identify(text).language == language


# --- What a page declares --------------------------------------------------------

OPEN = "Ljudi su se okupili na trgu ispred zgrade i govorili o gradu."
CROATIAN = (
    "Tko je tijekom prošlog tjedna u Europi glasovao protiv proračuna, nitko na "
    "sveučilištu ne zna, piše povjesničar u siječnju."
)


def test_a_declared_neighbour_decides_what_the_text_leaves_open(fast) -> None:
    for declared in ("bs", "hr-HR"):
        found = identify_document("", OPEN, fast, declared)
        assert found.language == primary(declared)


def test_a_declared_language_never_wins_over_the_text(fast) -> None:
    for declared in ("sr", "bs", "en", "vi", "x-nonsense", ""):
        assert identify_document("", CROATIAN, fast, declared).language == "hr"
    for declared in ("ms", "en"):
        text = f"{INDONESIAN}\n{INDONESIAN}"
        assert identify_document("", text, fast, declared).language == "id"
