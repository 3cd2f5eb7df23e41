"""Mails: what they are known by, what is read of them, and what hostile ones cost."""

import base64
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, StageError
from pipeline.extraction.article import extract_page
from pipeline.extraction.page_input import PageInput
from pipeline.incoming.files import read_file
from pipeline.incoming.found import Incoming, Skipped
from pipeline.mails import MAIL_TYPE, MAX_MAIL_BYTES, MAX_PARTS, Mail, read_mail
from pipeline.urls import mail_url, page_key, url_key

NOW = datetime(2024, 7, 1, tzinfo=UTC)
WORDS = " ".join(["The ministry says that the dikes will be mended."] * 8)
HTML = (
    "<html><head><title>Newsletter 7</title></head><body><article>"
    f"<p>{WORDS}</p><p>{WORDS} Twice.</p></article></body></html>"
)


def mail(html: str = HTML, text: str = "", **fields: str) -> EmailMessage:
    message = EmailMessage()
    given = {
        "From": "Bộ Ngoại giao <press@mofa.example>",
        "Subject": "Đê điều sẽ được sửa",
        "Date": "Fri, 21 Jun 2024 12:00:00 +0700",
        "Message-ID": "<2024/06+21.x@mail.mofa.example>",
        **fields,
    }
    for name, value in given.items():
        if value:
            message[name.replace("_", "-")] = value
    if text:
        message.set_content(text)
    if html and text:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")
    return message


def read(path: Path, message: EmailMessage | bytes, url: str = ""):
    file = path / "x.eml"
    data = message if isinstance(message, bytes) else message.as_bytes()
    file.write_bytes(data)
    (found,) = read_file(file, url=url, now=NOW)
    return found


def parsed(message: EmailMessage | bytes) -> Mail:
    data = message if isinstance(message, bytes) else message.as_bytes()
    found = read_mail(data)
    assert isinstance(found, Mail), found
    return found


def extracted(message: EmailMessage):
    body = message.as_bytes()
    return extract_page(
        PageInput(body=body, url="mid:x@y", content_type=MAIL_TYPE, fetched_at=NOW)
    )


# --- What it is known by ---------------------------------------------------------


def test_a_mail_is_known_by_its_message_id(tmp_path):
    """RFC 2392."""
    found = read(tmp_path, mail())
    assert isinstance(found, Incoming)
    assert found.response.url == "mid:2024%2F06%2B21.x@mail.mofa.example"
    assert found.response.header("Content-Type") == "message/rfc822"
    assert found.response.at == datetime(2024, 6, 21, 5, tzinfo=UTC)
    assert found.host == "mofa.example"
    assert found.hints == {
        "title": "Đê điều sẽ được sửa",
        "published_at": "2024-06-21T05:00:00+00:00",
    }


@pytest.mark.parametrize(
    "address",
    ["mid:", "mid:a", "mid:@b", "mid:a b@c", f"mid:{'a' * 2100}@b", "cid:a@b"],
)
def test_what_is_no_address_of_a_mail_has_no_key(address):
    with pytest.raises(ValueError, match=r"not|longer"):
        page_key(address)


def test_a_crawl_takes_no_mails_address():
    with pytest.raises(ValueError, match="http"):
        url_key("mid:a@b")


@given(st.from_regex(r"[!-~]{1,40}@[!-~]{1,20}", fullmatch=True))
def test_the_key_of_a_mails_address_is_itself(message_id):
    key = page_key(mail_url(message_id))
    assert page_key(key) == key
    assert unquote(key) == f"mid:{message_id}"


def linked(words: str, href: str = "https://mofa.example/n/7") -> str:
    """A mail with such a link; it begins with others."""
    return HTML.replace("<article>", f'<a class="x" href="{href}">{words}</a><article>')


ON_THE_WEB = "https://mofa.example/n/7"
NOT_READABLE = "Trouble reading?\n<b>View this email</b> in your browser"


@pytest.mark.parametrize(
    ("message", "url"),
    [
        (mail(Archived_At=f"<{ON_THE_WEB}>"), ON_THE_WEB),
        (mail(linked("View in browser")), ON_THE_WEB),
        (mail(linked(NOT_READABLE)), ON_THE_WEB),
        (mail(linked("ОТКРЫТЬ В БРАУЗЕРЕ")), ON_THE_WEB),
        (mail(linked("Xem trực tuyến", f"{ON_THE_WEB}?utm_source=m#a")), ON_THE_WEB),
        # A key of whom it was sent to would be passed on with it.
        (mail(linked("View in browser", f"{ON_THE_WEB}?e=2f5a")), ""),
        (mail(linked("Unsubscribe")), ""),
        (mail(linked("View in browser", "javascript:alert(1)")), ""),
        (mail(linked("View in browser " + "of any kind " * 20)), ""),
        (mail(Archived_At="<mailto:x@lists.example>"), ""),
        # The list's own page is not the mail's: all of its mails would be one.
        (mail(List_Archive="<https://lists.example/>"), ""),
    ],
)
def test_a_mail_that_is_on_the_web_is_known_by_its_address(tmp_path, message, url):
    found = read(tmp_path, message).response.url
    assert found == (url or "mid:2024%2F06%2B21.x@mail.mofa.example")


def test_an_address_may_be_given(tmp_path):
    found = read(tmp_path, mail(), url="https://mofa.example/press/7")
    assert found.response.url == "https://mofa.example/press/7"


@pytest.mark.parametrize("written", ["", "none", "<>", "<no at>", "<a b@c>", "<a@>"])
def test_a_mail_that_nothing_tells_apart_needs_an_address(tmp_path, written):
    data = mail(Message_ID="").as_bytes()
    data = data.replace(b"Subject:", f"Message-ID: {written}\nSubject:".encode(), 1)
    found = read(tmp_path, data)
    assert isinstance(found, Skipped)
    assert found.reason == "no_url"
    assert "use --url" in found.detail


def test_the_sender_cannot_be_spelt_into_his_name(tmp_path):
    spoof = "=?utf-8?q?Press_=3Cpress=40mofa=2Eexample=3E?= <x@spam.example>"
    data = f"From: {spoof}\nMessage-ID: <a@b>\n\nText\n".encode()
    assert read(tmp_path, data).host == "spam.example"
    assert parsed(data).sender == "Press <press@mofa.example>"


# --- What is read of it ----------------------------------------------------------


def test_subject_date_and_sender_are_title_time_and_author():
    found = extracted(mail())
    assert found.title == "Đê điều sẽ được sửa"
    assert found.published_at == datetime(2024, 6, 21, 5, tzinfo=UTC)
    assert (found.published_precision, found.published_from) == ("second", "mail")
    assert found.authors == ("Bộ Ngoại giao",)
    assert found.text.startswith("The ministry says")
    assert found.rejected == ""


def test_plain_text_is_taken_where_the_html_has_none():
    plain = "Dear reader,\n\n" + WORDS
    found = extracted(mail("<html><img src=x></html>", plain))
    assert "The ministry says" in found.text
    assert extracted(mail("", plain)).text == f"Dear reader,\n{WORDS}"


def test_lines_that_only_the_width_broke_are_joined():
    wrapped = (
        "The ministry says that the dikes along the river will be mended\n"
        "before the winter, and that the villages will be told.\n\n"
        "- one\n- two\n"
    )
    assert parsed(mail("", wrapped)).text.split("\n") == [
        wrapped.split("\n\n")[0].replace("\n", " "),
        "",
        "- one",
        "- two",
        "",
    ]


def test_a_date_to_come_and_a_broken_one_are_not_believed(tmp_path):
    for date in ("Fri, 21 Jun 2999 12:00:00 +0000", "soon", ""):
        message = mail(Date="")
        data = message.as_bytes().replace(
            b"Subject:", f"Date: {date}\nSubject:".encode(), 1
        )
        assert read(tmp_path, data).response.at == NOW
        found = extract_page(
            PageInput(body=data, url="mid:x@y", content_type=MAIL_TYPE, fetched_at=NOW)
        )
        assert (found.published_at, found.published_precision) == (None, "none")


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-8"])
def test_texts_in_any_encoding_are_read(charset):
    """C11."""
    message = EmailMessage()
    message["Message-ID"] = "<a@b>"
    message.set_content("Заседание совета по дамбам", charset=charset, cte="base64")
    assert parsed(message).text.strip() == "Заседание совета по дамбам"


def test_raw_utf8_in_fields_is_read():
    data = "From: x@y\nSubject: Đê điều\n\nText\n".encode()
    assert parsed(data).subject == "Đê điều"


def test_attachments_and_mails_within_are_counted_not_read(tmp_path):
    message = mail(text="Plain")
    message.add_attachment(
        b"%PDF-", maintype="application", subtype="pdf", filename="a"
    )
    message.add_attachment("Not this", subtype="html", filename="b.html")
    message.add_attachment(mail("<p>Nor this</p>"))
    found = read(tmp_path, message)
    assert found.attachments == 3
    assert parsed(message).html.strip() == HTML
    assert found.response.body == message.as_bytes()


# --- What hostile ones cost ------------------------------------------------------


def test_line_ends_in_fields_lead_nowhere(tmp_path):
    """W7."""
    encoded = "=?utf-8?q?a=0D=0ABcc:_x=40y=0D=0A?="
    data = mail(Subject="").as_bytes() + b""
    data = data.replace(b"From:", f"Subject: {encoded}\r\nFrom:".encode(), 1)
    assert parsed(data).subject == "a Bcc: x@y"
    assert "\n" not in read(tmp_path, data).hints["title"]


def nested(depth: int) -> bytes:
    head = "Message-ID: <a@b>\nMIME-Version: 1.0\n"
    for n in range(depth):
        head += f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n'
    return (head + "Content-Type: text/plain\n\nhello\n").encode()


@pytest.mark.parametrize(
    "data",
    [
        nested(5000),
        b"Message-ID: <a@b>\nContent-Type: multipart/mixed; boundary=b\n\n"
        + b"--b\n\nx\n" * 100_000,
        b"Message-ID: <a@b>\nContent-Type: message/rfc822\n\n" * 5000 + b"\n",
    ],
    ids=["nested", "flat", "mail in mail"],
)
def test_a_bomb_of_parts_is_passed_over_by_name(tmp_path, data):
    found = read(tmp_path, data)
    assert isinstance(found, Skipped)
    assert found.reason == "too_many_parts"
    assert f"more than {MAX_PARTS} parts" in found.detail


def test_as_many_parts_as_a_newsletter_has_are_read():
    assert parsed(nested(50)).text.strip() == "hello"


@pytest.mark.parametrize("data", [b"x" * (MAX_MAIL_BYTES + 1), b"\n" * 600_000])
def test_a_mail_that_is_too_large_is_passed_over(tmp_path, data):
    assert read(tmp_path, data) == Skipped(reason="too_large")


@pytest.mark.parametrize(
    "value",
    ["=?utf-8?q?" + "a" * 60 + "?= " * 1, "(" * 5000, "a," * 200_000, '"' * 9999],
)
@pytest.mark.parametrize("name", ["Subject", "From", "Content-Type", "Date"])
def test_fields_of_any_length_and_kind_are_read(name, value):
    data = f"Message-ID: <a@b>\n{name}: {value}\n\nText\n".encode()
    assert isinstance(read_mail(data), Mail)


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_no_bytes_break_it(noise):
    multipart = b"Content-Type: multipart/mixed; boundary=b\n"
    head = b"Message-ID: <a@b>\nFrom: (\n" + multipart + b"Subject: "
    for data in (noise, head + noise, head + b"x\n\n--b\n" + noise):
        assert isinstance(read_mail(data), Mail | StageError)


# --- Mailboxes -------------------------------------------------------------------


def mbox(path: Path, *messages: bytes) -> Path:
    file = path / "x.mbox"
    file.write_bytes(
        b"".join(
            b"From x@y Fri Jun 21 12:00:00 2024\n"
            + data.replace(b"\nFrom ", b"\n>From ")
            + b"\n"
            for data in messages
        )
    )
    return file


def test_each_mail_of_a_mailbox_is_read(tmp_path):
    """RFC 4155."""
    messages = [
        f"Message-ID: <{n}@x>\n\nFrom here on\n\nFrom there: {n}\n".encode()
        for n in range(3)
    ]
    found = list(read_file(mbox(tmp_path, *messages), now=NOW))
    assert [i.response.url for i in found] == [f"mid:{n}@x" for n in range(3)]
    assert [i.response.body for i in found] == messages


def test_one_odd_mail_does_not_stop_the_others(tmp_path):
    good = mail().as_bytes()
    large = b"Message-ID: <l@x>\n\n" + b"x" * 99 * (MAX_MAIL_BYTES // 90) + b"\n"
    attached = base64.encodebytes(bytes(3000))
    path = mbox(tmp_path, good, nested(5000), large, b"no mail\n", attached, good)
    found = list(read_file(path, now=NOW))
    assert [getattr(i, "reason", "mail") for i in found] == [
        "mail",
        "too_many_parts",
        "too_large",
        "no_mail",
        "no_mail",
        "mail",
    ]
    assert "x.mbox, byte " in found[1].detail


@pytest.mark.parametrize("content", [b"Subject: x\n\nText\n", b"\x00" * 99])
def test_what_is_no_mailbox_is_refused_by_name(tmp_path, content):
    path = tmp_path / "x.mbox"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.mbox: no mailbox"):
        list(read_file(path, now=NOW))


def test_an_empty_mailbox_has_no_mails(tmp_path):
    path = tmp_path / "x.mbox"
    path.write_bytes(b"")
    assert list(read_file(path, now=NOW)) == []
