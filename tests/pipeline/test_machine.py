"""The way around an engine, whatever engine it is."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from pipeline.documents import Identification, Translated, TranslationRequest
from pipeline.names import Name
from pipeline.translation import Chain, Finish, MachineTranslator, PivotTranslator
from pipeline.translation.cache import CachedTranslation
from pipeline.translation.engine import EngineKind, Failure, Model
from pipeline.translation.glossary import Glossary
from pipeline.translation.machine import GlossaryEngine
from pipeline.translation.memory import segment_checksum

Says = Callable[[str], str | Failure]


class Engine:
    """Says what a test wants; remembers what it was asked."""

    kind: EngineKind = "firefox"

    def __init__(
        self,
        says: Says = str.upper,
        *,
        name: str = "some",
        pairs: Sequence[str] = ("vi-en",),
        longest: int = 1000,
    ) -> None:
        self.name = name
        self.version = "1"
        self._says = says
        self._pairs = pairs
        self._longest = longest
        self.asked: list[str] = []

    def model(self, source: str, target: str) -> Model | None:
        if f"{source}-{target}" not in self._pairs:
            return None
        return Model(
            engine=self.kind,
            name=f"{self.name}-{source}-{target}",
            version=self.version,
            licence="MIT",
            parameters="greedy",
        )

    def fits(self, text: str, source: str, target: str) -> bool:
        return len(text) <= self._longest

    def translate(
        self, texts: Sequence[str], source: str, target: str
    ) -> list[str | Failure]:
        answers = []
        for text in texts:
            self.asked.append(text)
            answers.append(self._says(text))
        return answers

    def close(self) -> None:
        pass


class Remembered:
    """A cache in a dictionary."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], CachedTranslation] = {}

    def look_up(self, source, target, wanted) -> Mapping[tuple[str, str], object]:
        return {key: self.known[key] for key in wanted if key in self.known}

    def keep(self, text: str, answer: Translated) -> None:
        key = (segment_checksum(text), answer.recipe)
        self.known[key] = CachedTranslation(
            text=answer.text or "", flags=answer.flags, engine=answer.engine
        )


def requests(*texts: str, source: str = "vi", target: str = "en"):
    return [
        TranslationRequest(text=t, source_language=source, target_language=target)
        for t in texts
    ]


def ask(engine: Engine, *texts: str, **finish: object) -> list[Translated]:
    made = MachineTranslator(engine, Finish(**finish))  # type: ignore[arg-type]
    return made.translate(requests(*texts))


KAZAN = Name(id="kazan", type="place", spellings={"vi": ("Ca-dan",), "en": ("Kazan",)})


def test_an_answer_has_its_models_provenance() -> None:
    (answer,) = ask(Engine(), "xin chào")
    assert answer == Translated(
        text="XIN CHÀO",
        engine="firefox",
        model="some-vi-en",
        version="1",
        licence="MIT",
        parameters="greedy",
        recipe=answer.recipe,
    )
    assert len(answer.recipe) == 16


def test_without_a_model_nobody_is_asked() -> None:
    engine = Engine(pairs=())
    (answer,) = ask(engine, "xin chào")
    assert (answer.text, answer.reason, answer.detail) == (None, "no_model", "vi-en")
    assert engine.asked == []


def test_equal_texts_are_asked_once() -> None:
    engine = Engine()
    answers = ask(engine, "một", "hai", "một", " một ", "hai")
    assert [a.text for a in answers] == ["MỘT", "HAI", "MỘT", "MỘT", "HAI"]
    assert sorted(engine.asked) == ["hai", "một"]


def test_what_is_known_by_the_same_recipe_is_not_asked_again() -> None:
    engine, cache = Engine(), Remembered()
    (answer,) = ask(engine, "một", cache=cache)
    cache.keep("một", answer)
    assert ask(engine, "một", cache=cache) == [answer]
    assert engine.asked == ["một"]
    engine.version = "2"
    assert ask(engine, "một", cache=cache)[0].recipe != answer.recipe
    assert engine.asked == ["một", "một"]


def test_a_name_changes_the_recipe_of_segments_that_have_it_alone() -> None:
    def recipes(*names: Name) -> list[str]:
        found = ask(Engine(), "ở Ca-dan", "ở đây", glossary=Glossary(names))
        return [answer.recipe for answer in found]

    with_name, without = recipes(KAZAN), recipes()
    assert with_name[0] != without[0]
    assert with_name[1] == without[1]


def test_what_is_too_long_is_split_and_joined_never_cut() -> None:
    engine = Engine(longest=20)
    text = "một hai ba bốn năm, sáu bảy tám chín mười"
    assert ask(engine, text)[0].text == text.upper()
    assert all(len(piece) <= 20 for piece in engine.asked)
    assert len(engine.asked) > 1


def test_emoji_and_endless_words_go_around_the_engine() -> None:
    engine = Engine()
    assert ask(engine, "xin 🎉🎉 chào " + "ạ" * 300)[0].text == (
        "XIN 🎉🎉 CHÀO " + "ạ" * 300
    )
    assert engine.asked == ["xin", "chào"]
    assert ask(engine, "🎉 12")[0].text == "🎉 12"


def test_a_link_that_got_lost_is_carried_round_the_second_time() -> None:
    engine = Engine(lambda text: text.upper().replace("HTTPS://A.EXAMPLE/X", "[LINK]"))
    answer = ask(engine, "xem https://a.example/x nhé")[0]
    assert answer.text == "XEM https://a.example/x NHÉ"
    assert answer.flags == ()
    assert engine.asked == ["xem https://a.example/x nhé", "xem", "nhé"]


def test_names_are_spelt_as_wanted_or_flagged() -> None:
    glossary = Glossary([KAZAN])
    repaired = ask(Engine(lambda _: "In Kasan"), "ở Ca-dan", glossary=glossary)[0]
    assert (repaired.text, repaired.flags) == ("In Kazan", ())
    missed = ask(Engine(lambda _: "In town"), "ở Ca-dan", glossary=glossary)[0]
    assert (missed.text, missed.flags) == ("In town", ("names",))


def test_an_engine_that_takes_names_is_told_them() -> None:
    class Told(Engine):
        told: Sequence[Mapping[str, str]] = ()

        def translate_with_names(self, texts, source, target, names):
            self.told = names
            return self.translate(texts, source, target)

    engine = Told(lambda _: "In Kazan")
    assert isinstance(engine, GlossaryEngine)
    ask(engine, "ở Ca-dan", "ở đây", glossary=Glossary([KAZAN]))
    assert sorted(engine.told, key=len) == [{}, {"Ca-dan": "Kazan"}]


@pytest.mark.parametrize(
    "reason", ["timeout", "crash", "out_of_memory", "unavailable", "bad_answer"]
)
def test_a_failure_costs_its_segment_alone(reason) -> None:
    """P10"""

    def says(text: str) -> str | Failure:
        return Failure(reason=reason, detail="why") if "x" in text else text.upper()

    good, failed = ask(Engine(says), "một", "x")
    assert (good.text, failed.text) == ("MỘT", None)
    assert (failed.reason, failed.detail) == (reason, "why")


def test_a_piece_that_fails_fails_its_whole_segment() -> None:
    def says(text: str) -> str | Failure:
        return Failure(reason="crash") if "mười" in text else text.upper()

    answer = ask(Engine(says, longest=20), "một hai ba bốn năm, sáu bảy mười")[0]
    assert (answer.text, answer.reason) == (None, "crash")


def test_an_empty_translation_is_a_bad_answer() -> None:
    assert ask(Engine(lambda _: "  "), "một")[0].reason == "bad_answer"


LONG = "Thị trưởng của một trăm mười thành phố đã gặp nhau tại đây vào thứ sáu vừa qua"
GOOD = "Mayors of a hundred and ten cities met here on Friday of the past week, he said"


@pytest.mark.parametrize(
    ("says", "flag"),
    [
        (lambda _: "the " * 30, "repetition"),
        (lambda text: text, "copy"),
        (lambda _: "No.", "length"),
        (
            lambda _: "Мэры ста десяти городов встретились здесь в пятницу днём",
            "script",
        ),
    ],
)
def test_a_bad_answer_is_flagged_and_the_next_engine_tries(says, flag) -> None:
    """P10"""
    first = MachineTranslator(Engine(says, name="first"), Finish())
    second = MachineTranslator(Engine(lambda _: GOOD, name="second"), Finish())
    assert flag in first.translate(requests(LONG))[0].flags
    kept = Chain([first, second]).translate(requests(LONG))[0]
    assert (kept.text, kept.model) == (GOOD, "second-vi-en")


@pytest.mark.parametrize(("kind", "asked"), [("libretranslate", 2), ("firefox", 1)])
def test_a_server_is_asked_again_for_what_is_flagged(kind, asked) -> None:
    """P10"""
    answers = ["the " * 30, GOOD]
    engine = Engine(lambda _: answers[len(engine.asked) > 1])
    engine.kind = kind
    (answer,) = ask(engine, LONG)
    assert len(engine.asked) == asked
    assert (answer.text == GOOD, answer.flags == ()) == (asked == 2, asked == 2)


def test_asked_again_the_better_answer_is_kept() -> None:
    """P10"""
    engine = Engine(lambda text: text if len(engine.asked) == 1 else "the " * 90)
    engine.kind = "openai"
    (answer,) = ask(engine, LONG)
    assert (answer.text, answer.flags) == (LONG, ("copy",))


def test_the_chains_recipe_changes_with_a_model_and_is_none_without() -> None:
    engine = Engine()
    chain = Chain([MachineTranslator(engine, Finish())])
    before = chain.recipe("vi", "en")
    assert before == chain.recipe("vi", "en") != ""
    engine.version = "2"
    assert chain.recipe("vi", "en") != before
    assert chain.recipe("ru", "en") == ""


def test_two_steps_lead_where_no_model_does() -> None:
    to_english = Engine(lambda t: f"en({t})", pairs=("vi-en",))
    to_arabic = Engine(lambda t: f"ar({t})", pairs=("en-ar",), name="other")
    links = [MachineTranslator(e, Finish()) for e in (to_english, to_arabic)]
    step = Chain(links)
    cache = Remembered()
    chain = Chain([*links, PivotTranslator(step, "en", cache)])
    asked = requests("một", target="ar")
    (answer,) = chain.translate(asked)
    assert answer.text == "ar(en(một))"
    assert answer.model == "some-vi-en + other-en-ar"
    assert "pivot" in answer.flags
    cache.keep("một", answer)
    assert chain.translate(asked)[0].text == answer.text
    assert to_english.asked == ["một"]
    assert chain.translate(requests("một", source="th", target="ar"))[0].text is None


def french(_text: str) -> Identification:
    return Identification(language="fr", confidence=1.0)


def test_an_answer_in_another_language_is_flagged_and_the_next_engine_tries() -> None:
    """P10"""
    finish = Finish(identify=french)
    output = "Les maires de cent dix villes se sont réunis ici vendredi de la semaine"
    first = MachineTranslator(Engine(lambda _: output, name="first"), finish)
    second = MachineTranslator(Engine(lambda _: GOOD, name="second"), Finish())
    assert first.translate(requests(LONG))[0].flags == ("language",)
    assert Chain([first, second]).translate(requests(LONG))[0].text == GOOD


def test_of_two_flagged_answers_the_chain_keeps_the_better() -> None:
    """P10"""
    worse = MachineTranslator(Engine(lambda _: "the " * 90, name="worse"), Finish())
    better = MachineTranslator(Engine(lambda text: text, name="better"), Finish())
    for links in ([worse, better], [better, worse]):
        kept = Chain(links).translate(requests(LONG))[0]
        assert (kept.model, kept.flags) == ("better-vi-en", ("copy",))


def test_of_two_answers_equally_flagged_the_earlier_is_kept() -> None:
    links = [
        MachineTranslator(Engine(lambda text: text, name=name), Finish())
        for name in ("one", "two")
    ]
    assert Chain(links).translate(requests(LONG))[0].model == "one-vi-en"


def test_asked_again_a_server_loses_no_link_either() -> None:
    """P10"""

    def says(text: str) -> str:
        return "the " * 30 if len(engine.asked) <= 2 else GOOD

    engine = Engine(says)
    engine.kind = "openai"
    (answer,) = ask(engine, f"{LONG} https://a.example/x")
    assert len(engine.asked) == 4  # whole and in parts, twice
    assert "https://a.example/x" in (answer.text or "")
    assert answer.flags == ()


def test_a_quotation_mark_lost_at_an_end_is_paired() -> None:
    (answer,) = ask(Engine(lambda _: "“The house stands."), "“Nhà vẫn đứng.”")
    assert (answer.text, answer.flags) == ("“The house stands.”", ())


def test_a_link_that_cannot_be_carried_either_is_flagged_as_lost() -> None:
    def says(text: str) -> str | Failure:
        return "See it" if "https" in text else Failure(reason="timeout")

    (answer,) = ask(Engine(says), "xem https://a.example/x nhé")
    assert (answer.text, answer.flags) == ("See it", ("links",))


def test_controls_never_reach_an_engine() -> None:
    """W3"""
    engine = Engine()
    ask(engine, "m\u202eột\x00 \ud800hai\u2066")
    assert engine.asked == ["một hai"]


def test_a_changed_name_is_asked_for_again_where_it_stands_alone() -> None:
    engine, cache = Engine(), Remembered()
    texts = "ở Ca-dan", "ở đây"
    other = Name(
        id="kazan", type="place", spellings={"vi": ("Ca-dan",), "en": ("Qazan",)}
    )
    for name, asked in ((KAZAN, ["ở Ca-dan", "ở đây"]), (other, ["ở Ca-dan"])):
        engine.asked.clear()
        glossary = Glossary([name])
        for text, answer in zip(
            texts, ask(engine, *texts, glossary=glossary, cache=cache), strict=True
        ):
            cache.keep(text, answer)
        assert sorted(engine.asked) == sorted(asked)


def test_the_chains_recipe_changes_with_the_names_of_the_pair() -> None:
    def recipe(*names: Name) -> str:
        finish = Finish(glossary=Glossary(names))
        return Chain([MachineTranslator(Engine(), finish)]).recipe("vi", "en")

    elsewhere = Name(id="x", type="place", spellings={"ru": ("Х",), "en": ("X",)})
    assert recipe(KAZAN) != recipe()
    assert recipe(elsewhere) == recipe()


# --- Two steps -------------------------------------------------------------------


class TwoSteps:
    """Vietnamese to Arabic through English."""

    def __init__(self, names: Sequence[Name] = (), cache: object = None) -> None:
        finish = Finish(glossary=Glossary(names))
        self.first = Engine(lambda t: f"en({t})", pairs=("vi-en",))
        self.second = Engine(lambda _: "عربي", pairs=("en-ar",), name="other")
        step = Chain([MachineTranslator(e, finish) for e in (self.first, self.second)])
        self.pivot = PivotTranslator(step, "en", cache)  # type: ignore[arg-type]

    def ask(self, *texts: str) -> list[Translated]:
        return self.pivot.translate(requests(*texts, target="ar"))


def test_two_steps_have_both_models_as_provenance() -> None:
    steps = TwoSteps()
    steps.second.version = "7"
    (answer,) = steps.ask("một")
    assert answer.engine == "firefox"
    assert (answer.model, answer.version) == ("some-vi-en + other-en-ar", "1 + 7")
    assert (answer.licence, answer.flags) == ("MIT", ("pivot",))


def test_a_flag_of_the_first_step_stays() -> None:
    steps = TwoSteps()
    steps.first._says = lambda text: "the " * 30
    assert "repetition" in steps.ask(LONG)[0].flags


@pytest.mark.parametrize("step", ["first", "second"])
def test_a_step_that_fails_says_why_and_costs_its_segment_alone(step) -> None:
    """P10"""

    def says(text: str) -> str | Failure:
        return Failure(reason="timeout") if "hai" in text else f"({text})"

    steps = TwoSteps()
    getattr(steps, step)._says = says
    good, failed = steps.ask("một", "hai")
    assert good.text
    assert (failed.text, failed.reason) == (None, "timeout")


def test_a_changed_name_is_not_taken_from_what_two_steps_made_before() -> None:
    def name(arabic: str) -> Name:
        spellings = {"vi": ("Ca-dan",), "en": ("Kazan",), "ar": (arabic,)}
        return Name(id="kazan", type="place", spellings=spellings)

    cache = Remembered()
    for names, asked in (
        ([name("قازان")], 1),
        ([name("قازان")], 0),
        ([name("كازان")], 1),
    ):
        steps = TwoSteps(names, cache)
        (answer,) = steps.ask("một")
        cache.keep("một", answer)
        assert len(steps.first.asked) == asked


def test_two_steps_need_both_models_and_another_language_between() -> None:
    steps = TwoSteps()
    steps.first._pairs = ("vi-en", "en-en")  # a chat model takes any pair
    assert steps.pivot.recipe("vi", "ar")
    for source, target in (("vi", "en"), ("en", "ar"), ("th", "ar"), ("vi", "fr")):
        assert steps.pivot.recipe(source, target) == ""
        (answer,) = steps.pivot.translate(requests("một", source=source, target=target))
        assert (answer.text, answer.reason) == (None, "no_model")
    assert steps.first.asked == []
