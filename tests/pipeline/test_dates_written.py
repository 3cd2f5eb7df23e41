"""Dates as people write them, in the languages of a feed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dates.written import WrittenDates

NOON = datetime(2024, 6, 21, 10, tzinfo=UTC)
MIDNIGHT = datetime(2024, 6, 21, tzinfo=UTC)

WRITTEN = [
    ("ru", "21 июня 2024 г., 10:00", NOON),
    ("ru", "Пт, 21 июн 2024 13:00:00 +0300", NOON),
    ("ru", "пятница, 21 июня 2024 года, 13:00 МСК", NOON),
    ("ru", "21.06.2024", MIDNIGHT),
    ("uk", "21 червня 2024 року", MIDNIGHT),
    ("uk", "Пт, 21 чер 2024 13:00:00 +0300", NOON),
    ("vi", "21 tháng 6 năm 2024", MIDNIGHT),
    ("vi", "Thứ sáu, 21/06/2024, 17:00 (GMT+7)", NOON),
    ("vi", "21 Tháng Sáu, 2024", MIDNIGHT),
    ("ar", "21 يونيو 2024", MIDNIGHT),
    ("ar", "الجمعة، ٢١ يونيو ٢٠٢٤ ١٠:٠٠", NOON),
    ("ar", "٢١ حزيران/يونيو ٢٠٢٤", MIDNIGHT),
    ("ar", "21 جوان 2024", MIDNIGHT),
    ("ar", "7 كانون الثاني 2024", datetime(2024, 1, 7, tzinfo=UTC)),
    ("fa", "۲۱ ژوئن ۲۰۲۴", MIDNIGHT),
    ("fa", "جمعه ۱ تیر ۱۴۰۳ ساعت ۱۰:۰۰", NOON),
    ("fa", "1403/04/01", MIDNIGHT),
    ("tr", "21 Haziran 2024 Cuma", MIDNIGHT),
    ("tr", "Cum, 21 Haz 2024 13:00:00 +0300", NOON),
    ("es", "viernes, 21 de junio de 2024", MIDNIGHT),
    ("es", "Mié, 05 Ago 2024 10:00:00 GMT", datetime(2024, 8, 5, 10, tzinfo=UTC)),
    ("pt", "21 de junho de 2024 às 10h00", NOON),
    ("pt", "Sex, 03 Mai 2024 07:00:00 -0300", datetime(2024, 5, 3, 10, tzinfo=UTC)),
    ("id", "Jumat, 21 Juni 2024 17:00 WIB", NOON),
    ("id", "1 Agustus 2024", datetime(2024, 8, 1, tzinfo=UTC)),
    ("zh-Hans", "2024年06月21日", MIDNIGHT),
    ("en-GB", "June 21st, 2024", MIDNIGHT),
    ("en", "Fri, 21 Jun 2024 13:00:00 MSK", NOON),
    ("en", "21-06-2024", MIDNIGHT),
    ("en", "2024/06/21 10:00", NOON),
    ("", "21 июня 2024", MIDNIGHT),
    ("", "٢١ يونيو ٢٠٢٤", MIDNIGHT),
    ("ru", "21 tháng 6 năm 2024", MIDNIGHT),
]


@pytest.mark.parametrize(("language", "text", "moment"), WRITTEN)
def test_a_date_is_read_in_its_language(language, text, moment):
    assert WrittenDates([language]).read(text) == moment


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "yesterday"),
        ("en", "3 hours ago"),
        ("ru", "вчера, 13:00"),
        ("ru", "3 часа назад"),
        ("ru", "21 июня"),
        ("en", "June 2024"),
        ("en", "06/07/2024"),
        ("en", "2024"),
        ("en", "1718960400"),
        ("fa", "1403/13/01"),
        ("en", "Fri, 31 Feb 2024 10:00:00 GMT"),
        ("en", "1 January 0001"),
        ("xx", "21 foo 2024"),
        ("en", "21 June 2024 " + "x" * 100),
        ("", ""),
    ],
)
def test_what_does_not_say_day_month_and_year_is_not_guessed(language, text):
    assert WrittenDates([language]).read(text) is None


@given(
    st.text("0123456789/.-: июняJanГ٢تیر\u0660", max_size=40),
    st.sampled_from("ru fa en".split()),
)
def test_no_text_breaks_the_reading_of_dates(text, language):
    found = WrittenDates([language]).read(text)
    assert found is None or found.tzinfo is UTC
