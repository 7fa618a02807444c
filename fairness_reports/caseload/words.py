"""What a list says, in words.

Belongs here: the cells of each row, the page of notes before the list, what a code means; in one language.
Does not belong here: how a workbook looks (writing), who has a slot (slots), the sentences themselves (the catalogue).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from fairness_reports.caseload.build import Factor, Listed, TeamList
from fairness_reports.caseload.reading import VIEW
from fairness_reports.charter import Charter
from fairness_reports.charter.uses import Caseload
from fairness_reports.decisions.answers import DISAGREEMENTS, REPLIES, SEEN, VIEWS
from fairness_reports.language import Language, plain
from fairness_reports.reports.association import tagged
from fairness_reports.reports.bands import band_sentence, of_100
from fairness_reports.reports.figures import known
from features.words import Text, Words

_DESCRIBED = ("band", "observed", "informative", "slot", "border", "raises", "lowers")
_OF_THE_LIST = ("expires_on", "as_of", "list_id", "release_id", "programme")
HIDDEN = _OF_THE_LIST
"""Columns that a reader does not need beside every case: they stand above the list, and are for reading it back."""
OWN = "own_number"
"""Empty: whoever holds the key adds the service's own numbers here, or the team writes them by hand."""
_AFTER = tuple(column for column in REPLIES if column != VIEW)


@dataclass(frozen=True)
class About:
    """What a list tells beside its cases.

    Parameters
    ----------
    title : Text
        The programme's title.
    charter : Charter
        With a section `caseload`.
    words : Words
        The programme's words.
    headline : str
        The verdict in the list's language.
    others : mapping of str to str
        From `fairness_reports.reports.association.about_others`.
    simulated : bool
        Whether the data are simulated.
    stale_since : date, optional
        When a newer delivery was refused.
    """

    title: Text
    charter: Charter
    words: Words
    headline: str
    others: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False
    stale_since: date | None = None

    @property
    def use(self) -> Caseload:
        """The charter's section."""
        assert self.charter.caseload is not None, "a list is made only where the charter names it"  # noqa: S101
        return self.charter.caseload


@dataclass(frozen=True)
class Sheet:
    """A list as text, ready to be written.

    Attributes
    ----------
    language : str
    title, subtitle, footer, until, answering : str
        What stands above the list; below each page the footer and until when; how to fill in.
    columns : tuple of str
        The codes of the columns, with `case_id` among them; the last ones are filled in by people.
    heads : tuple of str
        The same in words.
    answers : int
        How many columns, the last ones, people fill in.
    rows : tuple of tuple of str
        Empty text where something is filled in.
    ends : tuple of int
        Positions of the rows that begin another band.
    choices : mapping of str to (mapping of code to words)
        What may stand in a column that is filled in.
    notes : tuple of (str, str)
        Heading and paragraph of the page before the list.
    notes_title, codes_title : str
        Names of the sheets.
    meta : mapping of str to str
        Programme, list and release, for whoever reads the file back.
    """

    language: str
    title: str
    subtitle: str
    footer: str
    until: str
    answering: str
    columns: tuple[str, ...]
    heads: tuple[str, ...]
    answers: int
    rows: tuple[tuple[str, ...], ...]
    ends: tuple[int, ...]
    choices: Mapping[str, Mapping[str, str]]
    notes: tuple[tuple[str, str], ...]
    notes_title: str
    codes_title: str
    meta: Mapping[str, str]


def full_sheet(language: Language, listed: TeamList, about: About, *, asked: bool = False) -> Sheet:
    """The list with bands, slots and factors.

    Parameters
    ----------
    language : Language
    listed : TeamList
    about : About
    asked : bool
        Whether workers were asked for their view first: it stands beside the band.
    """
    rows = []
    for case in listed.cases:
        view = (case.view,) if asked else ()
        rows.append((case.case_id, "", *_described(language, listed, about, case), *_ids(listed, case), *view))
    fixed = ("case_id", OWN, *_DESCRIBED, *_OF_THE_LIST, *((VIEW,) if asked else ()))
    return _sheet(language, listed, about, fixed, _AFTER, rows, blind=False)


def blind_sheet(language: Language, listed: TeamList, about: About) -> Sheet:
    """The list without anything that a score says, in an order without meaning, to be filled in first."""
    cases = sorted(listed.cases, key=lambda case: case.case_id)  # pseudonyms: their order says nothing
    rows = [(case.case_id, "", *_ids(listed, case)) for case in cases]
    return _sheet(language, listed, about, ("case_id", OWN, *_OF_THE_LIST), (VIEW,), rows, blind=True)


def _sheet(
    language: Language,
    listed: TeamList,
    about: About,
    fixed: Sequence[str],
    answers: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    *,
    blind: bool,
) -> Sheet:
    columns = (*fixed, *answers)
    filled = tuple((*row, *[""] * (len(columns) - len(row))) for row in rows)
    values = {
        "cases": language.text(about.words.case.many),
        "case": language.text(about.words.case.one),
        "outcome": language.text(about.words.outcome),
    }
    bands = [case.band for case in listed.cases]
    told = {
        "team": listed.team,
        "made_on": language.date(listed.made_on),
        "expires_on": language.date(listed.expires_on),
        "as_of": language.date(listed.as_of),
        "list_id": listed.list_id,
        "release_id": listed.release_id,
    }
    key = "blind" if blind else "full"
    title = language.plain(f"caseload.title_{key}", title=language.text(about.title), team=listed.team)
    return Sheet(
        language=language.code,
        title=title,
        subtitle=language.plain("caseload.subtitle", **told),
        footer=language.plain("caseload.footer"),
        until=language.plain("caseload.until", expires_on=told["expires_on"]),
        answering=language.plain(f"caseload.answering_{key}"),
        columns=columns,
        heads=tuple(language.plain(f"caseload.head.{column}", **values) for column in columns),
        answers=len(answers),
        rows=filled,
        ends=() if blind else tuple(i for i in range(1, len(bands)) if bands[i] != bands[i - 1]),
        choices=_choices(language, about, columns),
        notes=tuple(_notes(language, listed, about, told, blind=blind)),
        notes_title=language.plain("caseload.sheet_notes"),
        codes_title=language.plain("caseload.sheet_codes"),
        meta={
            "programme": listed.programme,
            "list_id": listed.list_id,
            "release_id": listed.release_id,
            "as_of": listed.as_of.isoformat(),
            "made_on": listed.made_on.isoformat(),
            "expires_on": listed.expires_on.isoformat(),
            "kind": key,
        },
    )


def _ids(listed: TeamList, case: Listed) -> tuple[str, ...]:
    days = (listed.expires_on.isoformat(), case.as_of.isoformat())
    return (*days, listed.list_id, listed.release_id, listed.programme)


def _described(language: Language, listed: TeamList, about: About, case: Listed) -> tuple[str, ...]:
    border = case.border and case.slot != "drawn"  # whoever was drawn has a slot either way
    return (
        _band(language, about, case.band),
        _observed(language, listed, case),
        language.plain("caseload.informative" if case.informative else f"caseload.uninformative.{case.reason}"),
        language.plain(f"caseload.slot.{case.slot}"),
        language.plain(f"caseload.border.{'off' if case.slot == 'score' else 'on'}") if border else "",
        _factors(language, about, case.raises),
        _factors(language, about, case.lowers),
    )


def _band(language: Language, about: About, name: str) -> str:
    return language.text(about.words.bands.get(name)) or name


def _observed(language: Language, listed: TeamList, case: Listed) -> str:
    """So many of 100 past cases of the band, rounded: nothing tells two cases of a band apart."""
    if not case.informative:
        return "–"  # a figure beside “says nothing” would be read all the same
    row = listed.bands.get(case.band)
    if row is None:
        return language.plain("form.too_few")
    low, high = (of_100(end if known(end) else row.value) for end in (row.low, row.high))
    key = "caseload.observed_rare" if of_100(row.value) < 1 else "caseload.observed"
    return language.plain(key, value=of_100(row.value), low=low, high=high)


def _factors(language: Language, about: About, factors: Sequence[Factor]) -> str:
    said = []
    for factor in factors:
        words = about.words.factors.get(factor.name)
        how = about.others.get(factor.name)
        label = tagged(language, language.text(words.label) if words else factor.name, how)
        said.append(language.plain(f"caseload.factor.{factor.state}", factor=label) if factor.state else label)
    return "; ".join(said)


def _choices(language: Language, about: About, shown: Sequence[str]) -> dict[str, dict[str, str]]:
    codes = {VIEW: VIEWS, "seen_before_deciding": SEEN}
    values = {"outcome": language.text(about.words.outcome)}
    found = {
        column: {code: language.plain(f"caseload.{column}.{code}", **values) for code in codes[column]}
        for column in codes
        if column in shown
    }
    if "disagreement" in shown:  # in the words of the page of a case
        found["disagreement"] = {code: language.plain(f"case.disagree.{code}") for code in DISAGREEMENTS}
    if "action" in shown:
        found["action"] = {action.code: language.text(action.label) for action in about.use.actions}
    return {column: found[column] for column in shown if column in found}


def _notes(
    language: Language, listed: TeamList, about: About, told: Mapping[str, str], *, blind: bool
) -> list[tuple[str, str]]:
    """The page before the list: what it is, what it is not, how it was made, how to answer."""

    def note(key: str, **values: object) -> tuple[str, str]:
        return language.plain(f"caseload.note.{key}"), language.plain(f"caseload.say.{key}", **values)

    use, charter, number = about.use, about.charter, language.number
    cases = {"cases": language.text(about.words.case.many)}
    notes = [
        (language.plain("caseload.note.purpose"), language.text(use.purpose)),
        (language.plain("caseload.note.not"), " · ".join(language.text(each) for each in charter.prohibited_uses)),
        note("list", **told),
        note("who"),
        note("expires", **told),
    ]
    if about.simulated:
        notes.append((language.plain("site.simulated_title"), language.plain("caseload.say.simulated")))
    if about.stale_since is not None:
        notes.append(note("stale", on=language.date(about.stale_since)))
    if (age := (listed.made_on - listed.as_of).days) > (use.expires_after_days or 0):
        notes.append(note("old", days=language.plain("form.days", n=age), as_of=told["as_of"]))
    if len(listed.cases) < charter.minimum_cell:
        notes.append(note("small", least=number(charter.minimum_cell)))
    if blind:
        notes += [note("blind", **cases), note("hand_back", **told)]
    else:
        notes += _how_made(language, listed, about)
        notes.append(note("answers"))
    notes += [
        (language.plain("caseload.note.agreed"), about.headline),
        (language.plain("caseload.note.contact"), language.text(charter.disagreement_contact)),
    ]
    return notes


def _how_made(language: Language, listed: TeamList, about: About) -> list[tuple[str, str]]:
    number, slots = language.number, listed.slots

    def note(key: str, **values: object) -> tuple[str, str]:
        return language.plain(f"caseload.note.{key}"), language.plain(f"caseload.say.{key}", **values)

    cases, share = language.text(about.words.case.many), about.charter.capacity.share
    border = [case for case in listed.cases if case.border]
    uninformative = sum(not case.informative for case in listed.cases)
    by_score, drawn = int(slots.by_score.sum()), int(slots.drawn.sum())
    notes = [note("bands", cases=cases)]
    for name, row in listed.bands.items():
        sentence = language.plain("form.too_few") if row is None else band_sentence(language, about.words, row)
        said = plain(sentence)
        notes.append((_band(language, about, name), said))
    made = {"n": number(len(listed.cases)), "slots": number(by_score + drawn), "share": language.percent(share, 0)}
    notes.append(note("slots", **made, by_score=number(by_score), drawn=number(drawn)))
    notes.append((language.plain("caseload.note.why"), language.text(about.use.reason)))
    if by_score:
        on = sum(case.slot == "score" for case in border)
        asked = {"models": number(slots.models), "on": number(on), "off": number(len(border) - on)}
        notes.append(note("border" if slots.models > 1 else "border_interval", **asked))
    notes.append(note("drawn", drawn=number(drawn), pool=number(slots.pool), checksum=listed.draw_checksum[:16]))
    notes.append(note("uninformative", n=number(uninformative)))
    notes.append(note("factors"))
    return notes
