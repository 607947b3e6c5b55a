"""Bytes become exactly the text they encode, or a reason that a person can act on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.decoding import SAMPLE_BYTES, decode
from index.errors import ArticleError

GERMAN = "Die Straße über den Fluß führt nach Köln. Größere Städte müssen früher öffnen, sagte er.\r\n"
FRENCH = "L’été dernier, le préfet a décidé que la forêt où naît la rivière serait protégée.\n"
POLISH = "Zażółć gęślą jaźń. Warszawa jest stolicą Polski i największym miastem w kraju.\n"
RUSSIAN = "Сила есть векторная величина, мера воздействия на данное тело других тел.\n"
GREEK = "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας και η μεγαλύτερη πόλη της χώρας.\n"
JAPANESE = "力とは物体の状態を変化させる原因となる作用である。日本の首都は東京です。\n"
CHINESE = "力是物体之间的相互作用。北京是中华人民共和国的首都，也是全国的政治中心。\n"
KOREAN = "서울은 대한민국의 수도이다. 힘은 물체의 운동 상태를 바꾸는 작용이다.\n"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_utf8_reads_back_exactly_and_without_a_doubt(text: str) -> None:
    """Every character is kept, whatever it is, and nothing had to be assumed."""
    decoded = decode(text.encode("utf-8"))
    assert decoded.text == text
    assert decoded.assumed_encoding is None


def test_a_utf8_byte_order_mark_stays() -> None:
    """Offsets count it, so it must be there to be counted."""
    assert decode(b"\xef\xbb\xbfab").text == "\ufeffab"


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (GERMAN, "cp1252", "windows-1252"),
        (FRENCH, "cp1252", "windows-1252"),
        (POLISH, "cp1250", "windows-1250"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "koi8_r", "KOI8-R"),
        (GREEK, "cp1253", "windows-1253"),
        (JAPANESE, "cp932", "Shift-JIS"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        (CHINESE, "gb18030", "GB18030"),
        (KOREAN, "cp949", "windows-949"),
    ],
)
def test_an_article_in_a_legacy_encoding_is_recognised(text: str, encoding: str, name: str) -> None:
    """A sentence or two are enough, and the encoding is called by the name that people know."""
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert decoded.assumed_encoding == name


@pytest.mark.parametrize("text", ["Café", "Straße: Köln", "Déjà vu café", "It’s naïve", "Grüße!"])
def test_a_few_words_in_latin_script_are_windows_1252(text: str) -> None:
    """Where too little speaks for any encoding, the commonest is taken, not an exotic one."""
    decoded = decode(text.encode("cp1252"))
    assert decoded.text == text
    assert decoded.assumed_encoding == "windows-1252"


def test_two_words_of_russian_are_not_taken_for_latin_letters() -> None:
    """Where most letters lie outside ASCII, the script is not Latin."""
    assert decode("Привет, мир".encode("cp1251")).text == "Привет, мир"


@pytest.mark.parametrize(("encoding", "text"), [("cp1252", GERMAN), ("cp932", JAPANESE)])
def test_a_legacy_letter_far_down_a_large_file_is_found(encoding: str, text: str) -> None:
    """The lines that tell are looked at, not merely the first ones."""
    whole = "Plain words.\n" * SAMPLE_BYTES + text
    assert decode(whole.encode(encoding)).text == whole


def test_a_large_legacy_file_of_one_line_is_recognised() -> None:
    """Without a line end the sample may cut a character in two."""
    whole = JAPANESE.strip() * 4_000
    assert decode(whole.encode("cp932")).text == whole


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-32-le", "UTF-32"), ("utf-32-be", "UTF-32")],
)
@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_a_byte_order_mark_names_utf16_and_utf32(encoding: str, name: str, text: str) -> None:
    """The mark decides, and stays in the text as it does in UTF-8."""
    decoded = decode(("\ufeff" + text).encode(encoding))
    assert decoded.text == "\ufeff" + text
    assert decoded.assumed_encoding == name


@pytest.mark.parametrize(
    ("data", "byte"),
    [
        (b"abc\0def", 3),
        ("é\0".encode(), 2),
        (b"\xe9\0", 1),
        ("\ufeffab\0".encode("utf-16-le"), 6),
        ("plain words".encode("utf-16-le"), 1),
    ],
)
def test_nul_is_refused_with_its_place(data: bytes, byte: int) -> None:
    """NUL means binary data, damage, or UTF-16 without a mark; the byte is counted in the file."""
    with pytest.raises(ArticleError, match=rf"NUL bytes \(first at byte {byte}\).*save it as UTF-8"):
        decode(data)


def test_a_damaged_utf16_file_is_refused() -> None:
    """Half a character at the end is damage, not another encoding."""
    with pytest.raises(ArticleError, match=r"begins as UTF-16 but is damaged.*save it as UTF-8"):
        decode("\ufeffab".encode("utf-16-le")[:-1])


def test_a_byte_beyond_the_sample_that_no_encoding_has_is_refused() -> None:
    """A likely encoding is not enough: every byte of the file must be a character in it."""
    lines = GERMAN.encode("cp1252") * (SAMPLE_BYTES // 50)
    assert len(lines) > SAMPLE_BYTES
    with pytest.raises(ArticleError, match="no other encoding was recognised"):
        decode(lines + b"\x81\x81\x90")


def test_bytes_that_are_no_text_are_refused() -> None:
    """Every byte value in a row is text in no encoding."""
    with pytest.raises(ArticleError, match=r"is not UTF-8 \(first at byte 127\).*save it as UTF-8"):
        decode(bytes(range(1, 256)) * 20)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_text_or_the_one_error(data: bytes) -> None:
    """Nothing else is raised, and what is decoded holds no NUL and can be written as UTF-8."""
    try:
        decoded = decode(data)
    except ArticleError:
        return
    assert "\0" not in decoded.text
    assert decoded.text.encode("utf-8") is not None
