"""Which words of one language stand in a text of the other, and what of a page is exempt from that.

Belongs here: the two word lists, made from the catalogues, and the visible text of a page without codes.
Does not belong here: which texts are looked at (the tests).
"""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser

from fairness_reports.language import LANGUAGES, catalogue

# Spelt alike, or a name, in both languages, though only one catalogue happens to use it.
SHARED = {"note", "region"}  # "Note" is a mark given for work
# Words of both languages, with different meanings.
_BOTH = "her was so an am also hat man war den dies fast tag die will rate mean level false in"
BOTH = frozenset(_BOTH.split(" "))
# Common words that the catalogue's sentences happen not to use.
MORE = {
    "en": "although among because below both could did during each either else few following further had has he her "
    "here his how i if into it its itself less like may might most must neither never nor nothing off often "
    "once ones ought own rather same she should since some such than their them themselves then these they "
    "those though through thus too under until upon very was we what whatever when where whether which while "
    "whom whose why will would yes yet you your unknown missing value values mean average count date day month "
    "year week overall january february march may june july october december rate share group groups score "
    "scores level true false error warning failed passed none other others male female table column row",
    "de": "aber alle als also am auch auf aus beim bis da dabei dadurch dafür damit danach dann daran darauf darf "
    "dass dem den denn des dessen deren dies diese diesem diesen dieser dieses doch dort durch ein eine einem "
    "einen einer eines er es etwa etwas euch fast gegen gewesen haben hat hatte hatten hier hinter ihm ihn "
    "ihnen ihr ihre ihrem ihren ihrer im immer ins ja je jede jedem jeden jeder jedes jedoch jetzt kann kein "
    "keine keinem keinen keiner können man mehr mehrere mein mit nach neben nein nie noch nur ob oder ohne "
    "schon sehr sein seine seinem seinen seiner seit sich sie sind so solche sondern sonst über um und uns "
    "unter viel vom von vor wann war waren warum was weder weil welche welchem welchen welcher welches wem wen "
    "wenn wer wie wieder wir wird wo wurde wurden zu zum zur zwar zwischen januar februar märz juni juli "
    "oktober dezember mai unbekannt wert werte jahr monat woche tag gruppe gruppen anteil ja fehler warnung "
    "tabelle spalte zeile keine",
}


class _Visible(HTMLParser):
    """Text of a page in one language: without code, style, and parts that are marked as of another language."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self._code = code
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        hidden = tag in ("style", "script", "code", "pre", "kbd") or said.get("lang", self._code) != self._code
        hidden = hidden or "source" in str(said.get("class")).split()  # names of columns
        for name in ("aria-label", "title", "alt"):
            if said.get(name) and not hidden and not self._hidden():
                self.text.append(str(said[name]))
        if tag not in ("meta", "br", "hr", "img", "input", "link", "wbr", "col"):
            self._open.append((tag, hidden))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._hidden():
            self.text.append(data)

    def _hidden(self) -> bool:
        return any(hidden for _, hidden in self._open)


def visible(page: str, code: str) -> str:
    """The text of a page that must be in its language, labels of pictures and regions included."""
    parser = _Visible(code)
    parser.feed(page)
    return " ".join(parser.text)


@cache
def only(code: str) -> frozenset[str]:
    """Words of a language that are not words of the other."""
    found = {each: _words(" ".join(_forms(each))) | set(MORE[each].split()) for each in LANGUAGES}
    other = next(each for each in LANGUAGES if each != code)
    common = set(MORE[code].split()) - BOTH  # also where a sentence of the other catalogue has one by mistake
    return frozenset((found[code] - found[other] | common) - SHARED)


def is_exempt(key: str) -> bool:
    """Whether a sentence is a link in the language that it leads to, or names columns, whose names are English."""
    return key in ("site.other_language", "site.other_pages") or key.startswith("source.")


def _forms(code: str) -> list[str]:
    messages = [message for key, message in catalogue(code).items() if not is_exempt(key)]
    return [str(form) for each in messages for form in (each.values() if isinstance(each, dict) else [each])]


def _words(text: str) -> set[str]:
    # placeholders, options, commands and their arguments, file names and codes are the same in every language
    text = re.sub(
        r"\{\w+\}|--[a-z-]+|[\w/-]+\.(?:yaml|json|csv|xlsx|html|parquet|svg|md)\b|https?://\S+|plumbline [a-z]+",
        " ",
        text,
    )
    text = re.sub(r"\b\w*[_\d]\w*\b|\b\w+\.\w+\b|\b[A-Z]{2,}\b", " ", text)
    return {word.lower() for word in re.findall(r"[A-Za-zÄÖÜäöüß]{2,}", text)}


def foreign_words(text: str, code: str) -> set[str]:
    """Words of the other language in a text.

    Parameters
    ----------
    text : str
        Visible text.
    code : {'en', 'de'}
        The language that it must be in.
    """
    other = next(each for each in LANGUAGES if each != code)
    return _words(text) & only(other)
