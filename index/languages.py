"""The language of a text, as a code: told by the author, or recognised from the letters.

The only module that imports py3langid.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import cache

SAMPLE_CHARACTERS = 4_000
"""How much of a text is looked at: more costs time and hardly ever changes the answer."""
UNDETERMINED = "und"
"""The code of ISO 639-2 for a text whose language cannot be told, such as one without letters."""

_loading = threading.Lock()
_WORD_CHARACTER = re.compile(r"[^\W\d_]")
_LANGUAGE_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]+)*", re.IGNORECASE | re.ASCII)
# ISO 639-2 codes of the languages that are written most, in both variants where it has two.
_TWO_LETTER_CODES: dict[str, str] = dict(
    re.findall(
        r"(\w+)=(\w+)",
        "afr=af ara=ar aze=az bel=be ben=bn bos=bs bul=bg cat=ca ces=cs cze=cs cym=cy wel=cy dan=da "
        "deu=de ger=de ell=el gre=el eng=en epo=eo est=et eus=eu baq=eu fas=fa per=fa fin=fi fra=fr "
        "fre=fr gle=ga glg=gl guj=gu heb=he hin=hi hrv=hr hun=hu hye=hy arm=hy ind=id isl=is ice=is "
        "ita=it jpn=ja kan=kn kat=ka geo=ka kaz=kk kor=ko lat=la lav=lv lit=lt mal=ml mar=mr mkd=mk "
        "mac=mk mlt=mt mon=mn msa=ms may=ms mya=my bur=my nep=ne nld=nl dut=nl nno=nn nob=nb nor=no "
        "pan=pa pol=pl por=pt ron=ro rum=ro rus=ru slk=sk slo=sk slv=sl spa=es sqi=sq alb=sq srp=sr "
        "swa=sw swe=sv tam=ta tel=te tgl=tl tha=th tur=tr ukr=uk urd=ur uzb=uz vie=vi zho=zh chi=zh",
    )
)


def language_code(value: str) -> str | None:
    """Return the language of a tag such as `en`, `en-GB` or `deu`; None where it is not a tag.

    The code is ISO 639-1 where the language has one ("deu" gives "de"), else as given.
    """
    tag = _LANGUAGE_TAG.fullmatch(value.strip())
    if tag is None:
        return None
    code = tag[1].lower()
    return _TWO_LETTER_CODES.get(code, code)


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the likeliest language of `text`.

    Only `SAMPLE_CHARACTERS` from the first letter on are looked at. A text without letters gives
    `UNDETERMINED`; of a few words the answer is a guess.
    """
    # A word character that is no digit may still be a fraction or a superscript.
    letters = (found.start() for found in _WORD_CHARACTER.finditer(text) if found[0].isalpha())
    start = next(letters, None)
    if start is None:
        return UNDETERMINED
    # `cache` alone would let everyone load the model who comes while somebody does: a second of work each.
    with _loading:
        classify = _classifier()
    language, _ = classify(text[start : start + SAMPLE_CHARACTERS])
    return language


@cache
def _classifier() -> Callable[[str], tuple[str, float]]:
    # py3langid carries no types; what it is used for is said above.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    # An instance of our own: restricting the module's would change it for everybody.
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages([label for label in identifier.labels if len(label) == 2])
    classify: Callable[[str], tuple[str, float]] = identifier.classify
    return classify
