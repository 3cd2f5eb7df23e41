"""Makes spellings of one word equal: case, width, marks, letters of a script.

`plain` is the same for every language, so that a word typed in one script
finds originals of any language. What only one language does (Turkish capitals,
Arabic endings, Vietnamese tones) are small functions of their own, for the
stemmed field.
"""

from __future__ import annotations

import unicodedata

import regex

WORD_LIMIT = 256
"""Code points of a word that are looked at: what follows can not reach a token,
and some stemmers take quadratic time."""

TOKEN_LIMIT = 64
"""Code points of a token kept. Engines split or drop what is longer (255
characters in Elasticsearch); the longest word in FLORES' 59 languages has 45."""

FIRST_WITH_RULES = "\u0600"
"""Scripts before Arabic (Latin, Greek, Cyrillic, …) have no digits of their own and
no letter variants: the rules for those are left out."""

_DIGIT = regex.compile(r"[\p{Nd}--[0-9]]", regex.V1)

# đ, ł, ø, ı and ð have no decomposition; ё and й must not be treated alike,
# for й is a letter of its own; a final sigma is a sigma.
_LETTERS = {
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "ø": "o",
    "ß": "ss",
    "ı": "i",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ħ": "h",
    "ŧ": "t",
    "ŋ": "n",
    "ё": "е",
    "ς": "σ",
}
# Arabic script: one alef, one yeh, one kaf, one heh for Arabic and Persian.
_ARABIC = {
    **dict.fromkeys("أإآٱ", "ا"),
    **dict.fromkeys("ىیۍې", "ي"),
    **dict.fromkeys("کڪ", "ك"),
    **dict.fromkeys("ةۀەہھۃ", "ه"),
    "ـ": "",
}
# Devanagari: chandrabindu is written as anusvara as often as not.
_DEVANAGARI = {"ँ": "ं", "़": ""}
_INVISIBLE = dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", "")

_FOLDED = str.maketrans(_LETTERS)
_LOWERED = str.maketrans(_INVISIBLE | {"’": "'", "ʼ": "'"})
_SCRIPT = str.maketrans({**_ARABIC, **_DEVANAGARI})
_MARKED = regex.compile(r"([\p{Latin}\p{Greek}])\p{M}+")
_ARABIC_MARKS = regex.compile(r"[\u064b-\u065f\u0670\u06d6-\u06ed]+")
_HALF_N = regex.compile(r"न्(?=[तथदधन])")
_TONES = regex.compile("[\u0300\u0301\u0303\u0309\u0323]")


def lower(word: str) -> str:
    """Width, digits and case made one; marks kept.

    >>> lower("Ｋazan’２０２٤")
    "kazan'2024"
    """
    if word.isascii():
        return word.lower()
    normal = unicodedata.normalize("NFKC", word).lower().translate(_LOWERED)
    if max(normal, default="") < FIRST_WITH_RULES:
        return normal
    return str(_DIGIT.sub(_ascii_digit, normal))


def fold(word: str) -> str:
    """A lower-case word without the marks on Latin and Greek letters.

    Marks of other scripts stay: in Hindi or Thai they are the vowels, and й
    is a letter of its own (the rule FLORES and XQuAD were measured with).

    >>> fold("hội"), fold("đô"), fold("straße"), fold("ёлкой"), fold("ηλίας")
    ('hoi', 'do', 'strasse', 'елкой', 'ηλιασ')
    """
    if word.isascii():
        return word
    bare = unicodedata.normalize("NFD", word.translate(_FOLDED))
    return unicodedata.normalize("NFC", str(_MARKED.sub(r"\1", bare)))


def plain(word: str) -> str:
    """What all spellings of a word share, whatever its language.

    >>> plain("İstanbul"), plain("إيران"), plain("ایران"), plain("Татарстан")
    ('istanbul', 'ايران', 'ايران', 'татарстан')
    """
    if word.isascii():
        return word.lower()
    return script_letters(fold(lower(word)))


def script_letters(word: str) -> str:
    """Arabic vowel signs and letter variants, Devanagari nasals, made one."""
    if word.isascii():
        return word
    if max(word) < FIRST_WITH_RULES:
        return unicodedata.normalize("NFC", word)
    bare = _ARABIC_MARKS.sub("", unicodedata.normalize("NFD", word))
    composed = unicodedata.normalize("NFC", bare.translate(_SCRIPT))
    return str(_HALF_N.sub("ं", composed.translate(_SCRIPT)))


def turkish_lower(word: str) -> str:
    """Lower case with Turkish i: İ→i, I→ı; cut at the apostrophe of a suffix.

    >>> turkish_lower("Irak'ta"), turkish_lower("İRAN")
    ('ırak', 'iran')
    """
    return lower(word.replace("İ", "i").replace("I", "ı")).partition("'")[0]


def arabic_letters(word: str) -> str:
    """An Arabic word as its stemmer wants it: no vowel signs, one alef.

    A final heh of a word over three letters is a teh marbuta written without
    its dots (measured on XQuAD: .722 → .945 for queries written that way).
    """
    bare = str(_ARABIC_MARKS.sub("", word.translate(_ARABIC_FOR_STEMMER)))
    if len(bare) > 3 and bare.endswith("ه"):
        return bare[:-1] + "ة"
    return bare


def persian_letters(word: str) -> str:
    """Persian letters where Arabic keyboards gave Arabic ones."""
    return str(_ARABIC_MARKS.sub("", word)).translate(_PERSIAN)


def vietnamese_syllable(word: str) -> str:
    """A syllable with its tone behind it: `hoà` and `hòa` are one word.

    >>> vietnamese_syllable("hoà") == vietnamese_syllable("hòa") != "hoa"
    True
    """
    bare = unicodedata.normalize("NFD", word)
    tones = "".join(_TONES.findall(bare))
    return unicodedata.normalize("NFC", _TONES.sub("", bare)) + tones


def _ascii_digit(match: regex.Match[str]) -> str:
    return str(unicodedata.decimal(match[0]))


def is_marked(word: str) -> bool:
    """Whether a lower-case word carries marks that folding takes off."""
    return not word.isascii() and fold(word) != word


_ARABIC_FOR_STEMMER = str.maketrans(
    {**dict.fromkeys("أإآٱ", "ا"), "ى": "ي", "ی": "ي", "ک": "ك", "ـ": ""}
)
_PERSIAN = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ۀ": "ه", "ـ": ""})
