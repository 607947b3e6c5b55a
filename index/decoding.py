"""Bytes of a file to text: UTF-8 where that fits, else the encoding that the bytes speak for.

Newlines are not translated and a byte order mark stays as U+FEFF, so that offsets into the text
are offsets into the file as written.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from index.errors import ArticleError

SAMPLE_BYTES = 65_536
"""How much of a file that is not UTF-8 is looked at to name its encoding."""

# UTF-32 stands first: its little-endian mark begins with the one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf_32_le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf_32_be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf_16_le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf_16_be", "UTF-16"),
)
_LATIN = {
    "cp1252": "windows-1252",
    "cp1250": "windows-1250",
    "cp1254": "windows-1254",
    "cp1257": "windows-1257",
    "cp1258": "windows-1258",
    "iso8859_2": "ISO 8859-2",
}
# Only encodings that people's files are in: with all that Python knows on offer, a short text is
# easily mistaken for one of the many code pages that nobody has used for decades.
_ENCODINGS = {
    **_LATIN,
    "cp1251": "windows-1251",
    "koi8_r": "KOI8-R",
    "cp866": "code page 866",
    "cp1253": "windows-1253",
    "cp1255": "windows-1255",
    "cp1256": "windows-1256",
    "cp874": "windows-874",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB18030",
    "big5": "Big5",
    "cp949": "windows-949",
}
_REMEDY = "save it as UTF-8 text"


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text of a file, and what it was taken to be written in."""

    text: str
    assumed_encoding: str | None
    """The encoding's usual name, None for UTF-8, which is never in doubt."""


def decode(data: bytes) -> DecodedText:
    """Return the text that `data` encodes.

    UTF-8 is tried first and strictly, then UTF-16 and UTF-32 by their byte order marks, then the
    legacy encodings in use, of which the likeliest that decodes every byte is taken.

    Raises:
        ArticleError: `data` holds NUL characters, or no encoding makes text of it. The message is
            said of the file ("contains ...") and does not name it.
    """
    for mark, encoding, name in _MARKS:
        if data.startswith(mark):
            return _decode_marked(data, encoding, name)
    nul = data.find(b"\0")
    if nul >= 0:
        raise _nul_error(nul)
    try:
        return DecodedText(data.decode("utf-8"), None)
    except UnicodeDecodeError as error:
        first_invalid = error.start
    for encoding in _likeliest_encodings(data):
        try:
            return DecodedText(data.decode(encoding), _ENCODINGS[encoding])
        except UnicodeDecodeError:
            continue
    raise ArticleError(
        f"is not UTF-8 (first at byte {first_invalid}) and no other encoding was recognised; {_REMEDY}"
    )


def _decode_marked(data: bytes, encoding: str, name: str) -> DecodedText:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ArticleError(
            f"begins as {name} but is damaged (first at byte {error.start}); {_REMEDY}"
        ) from error
    nul = text.find("\0")
    if nul >= 0:
        raise _nul_error(len(text[:nul].encode(encoding)))
    return DecodedText(text, name)


def _nul_error(byte: int) -> ArticleError:
    return ArticleError(f"contains NUL bytes (first at byte {byte}): looks binary or damaged; {_REMEDY}")


def _likeliest_encodings(data: bytes) -> list[str]:
    """Return the encodings that make plausible text of `data`, the likeliest first."""
    from charset_normalizer import from_bytes

    sample = _telling_lines(data)
    offered = _offered_encodings(sample)
    # Its own reading of marks and declarations ("charset=...") is left out: an article about
    # encodings would be believed.
    matches = list(
        from_bytes(sample, cp_isolation=offered, preemptive_behaviour=False, enable_fallback=False)
    )
    if not matches:
        return []
    best = matches[0]
    ranked = [match.encoding for match in matches]
    # Western European text often reads just as well in its neighbours' code pages, which differ
    # in a few letters; windows-1252 is by far the commonest, so it wins where nothing speaks
    # against it.
    for match in matches:
        readings = (match.encoding, *match.could_be_from_charset)
        as_good = match.chaos <= best.chaos and match.coherence >= best.coherence
        if best.encoding in _LATIN and "cp1252" in readings and as_good:
            return ["cp1252", *ranked]
    return ranked


def _telling_lines(data: bytes) -> bytes:
    """Return the lines with bytes outside ASCII, up to `SAMPLE_BYTES`.

    No encoding on offer uses the byte of a line feed inside a character, so none is cut in two
    but, at worst, where the sample ends in a very long line.
    """
    if len(data) <= SAMPLE_BYTES:
        return data
    lines: list[bytes] = []
    size = 0
    for line in data.splitlines(keepends=True):
        if not line.isascii():
            lines.append(line)
            size += len(line)
        if size >= SAMPLE_BYTES:
            break
    return b"".join(lines)[: SAMPLE_BYTES * 2]


def _offered_encodings(sample: bytes) -> list[str]:
    """Return the encodings worth trying, by how bytes outside ASCII stand among ASCII letters.

    In Latin script they are few and alone, as accented letters are; where they are most of the
    letters, the script is another. In between, everything is possible.
    """
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", sample)]
    letters = len(re.findall(rb"[A-Za-z]", sample))
    if runs.count(1) * 5 >= len(runs) * 4 and sum(runs) * 2 < letters:
        return list(_LATIN)
    if sum(runs) > letters * 2:
        return [encoding for encoding in _ENCODINGS if encoding not in _LATIN]
    return list(_ENCODINGS)
