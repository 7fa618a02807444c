"""What is said of one case, and in which order.

Belongs here: the parts of the page and of the text in the terminal, which say the same.
Does not belong here: a single reason (reasons), how it looks (terminal, page), reading releases (release_read).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from fairness_reports.charter import Charter
from fairness_reports.language import Language
from fairness_reports.reports.bands import TO, of_100
from fairness_reports.reports.case.parts import Line, Part, Piece, Points, Told
from fairness_reports.reports.case.reasons import HARDLY, Facts, cells_of, reason, strongest
from fairness_reports.reports.case.values import value_words
from fairness_reports.reports.context import Excluded
from features.fields import Feature
from features.words import Text, Words

DISAGREE = ("not_current", "missing_information", "wrong_information", "other_knowledge", "other_reason")
"""Codes of why somebody disagrees, as the answers to a team's list use them."""

_QUESTIONS = 4


@dataclass(frozen=True)
class Case:
    """What a release and a pack say of one case.

    Parameters
    ----------
    score : mapping
        Its row of scores.parquet.
    reasons : DataFrame
        Its rows of explanations.parquet.
    programme : str
        The programme's name, which the key holder's tools look for.
    release_id : str
        The release.
    headline : str
        The verdict in the reader's language.
    title : Text
        The programme's title.
    charter : Charter
        Who answers, what the score may serve, where to disagree.
    words : Words
        The programme's words.
    features : sequence of Feature
        What the model sees.
    excluded : sequence of Excluded
        What it does not see.
    simulated : bool
        Whether the data are simulated.
    stale_since : date, optional
        When a newer delivery was refused.
    newer : date, optional
        The day of the current release where this is an earlier one.
    past : row of fairness.parquet, optional
        What became of past cases in this band, from `fairness_reports.reports.bands.band_of_score`; None where that is
        not known or may not be told.
    everyone : float, optional
        The share of all past cases with the outcome.
    """

    score: Any
    reasons: pd.DataFrame
    programme: str
    release_id: str
    headline: str
    title: Text
    charter: Charter
    words: Words
    features: Sequence[Feature] = ()
    excluded: Sequence[Excluded] = ()
    simulated: bool = False
    stale_since: dt.date | None = None
    newer: dt.date | None = None
    past: Any | None = None
    everyone: float | None = None

    @property
    def as_of(self) -> dt.date:
        """The day of the score."""
        day: dt.date = pd.Timestamp(self.score["as_of"]).date()
        return day

    @cached_property
    def facts(self) -> Facts:
        """The factors."""
        return Facts(self.reasons, self.features, self.words, self.as_of)


def told(language: Language, case: Case) -> Told:
    """All that is said of a case, in one language.

    Returns
    -------
    Told
        Nothing in it recommends an action, and none of it rests on colour.
    """
    t, as_of = language.t, language.date(case.as_of)
    notices = [t("site.simulated")] if case.simulated else []
    notices.append(t("case.restricted", n=case.charter.kept_days))
    notices += [t("case.stale", on=language.date(case.stale_since))] if case.stale_since else []
    notices += [t("case.newer", date=language.date(case.newer))] if case.newer else []
    return Told(
        programme=language.text(case.title),
        heading=t("case.heading"),
        made_of=t("case.made_of", as_of=as_of, id=case.release_id),
        case_id=str(case.score["case_id"]),
        headline=case.headline,
        notices=notices,
        parts=[
            _score(language, case),
            _side(language, case, "raises"),
            _side(language, case, "lowers"),
            _missing(language, case),
            _unseen(language, case),
            _questions(language, case),
            _decides(language, case),
            _disagree(language, case),
        ],
    )


def _score(language: Language, case: Case) -> Part:
    t, row = language.t, case.score
    digits = 0 if row["score"] >= 0.1 else 1
    score, low, high = (language.percent(float(row[name]), digits) for name in ("score", "low", "high"))
    cases, outcome = language.text(case.words.case.many), language.text(case.words.outcome)
    band = language.text(case.words.bands.get(str(row["band"])) or str(row["band"]))
    if case.past is None:
        pieces: list[Piece] = [Line(t("case.band", band=band), "strong"), Line(t("case.past_untold"))]
    else:
        ends = [language.percent(float(end), 0) for end in str(case.past.band).split(TO)]
        pieces = [Line(t("case.band_of", band=band, low=ends[0], high=ends[1]), "strong")]
        low_, value, high_ = (of_100(getattr(case.past, name)) for name in ("low", "value", "high"))
        said = {"cases": cases, "outcome": outcome, "value": value, "low": low_, "high": high_}
        pieces.append(Line(t("case.past_rare" if value < 1 else "case.past", **said), "strong"))
    if case.everyone is not None:
        pieces.append(Line(t("case.everyone", cases=cases, value=of_100(case.everyone))))
    day = language.date(case.as_of)
    pieces += [Line(t("case.score", as_of=day, score=score)), Line(t("case.range", low=low, high=high))]
    if not row["informative"]:
        pieces.append(Line(t(f"case.uninformative.{row['reason']}"), "strong"))
    return Part(t("case.part.score"), pieces)


def _side(language: Language, case: Case, direction: Literal["raises", "lowers"]) -> Part:
    t, facts = language.t, case.facts
    rows = strongest(facts, direction)
    pieces: list[Piece] = [reason(language, facts, row, direction) for row in rows] or [Line(t("case.none"))]
    sign = 1 if direction == "raises" else -1
    left = int((sign * facts.reasons["contribution"] > HARDLY).sum()) - len(rows)
    pieces += [Line(t("case.left", n=left), "note")] if left else []
    if direction == "lowers":
        row, total = case.score, float(facts.reasons["contribution"].sum())
        figures = {"base": language.number(float(row["base_value"]), 3), "sum": language.signed(total, 3)}
        shown = {**figures, "raw": language.number(float(row["raw"]), 3)}
        pieces += [Line(t("case.levels"), "note"), Line(t("case.sum", **shown), "note")]
    return Part(t(f"case.part.{direction}"), pieces)


def _missing(language: Language, case: Case) -> Part:
    t, facts = language.t, case.facts
    days = facts.recorded()
    if days:
        newest = max(days)
        age = t("form.days", n=(case.as_of - newest).days)
        pieces: list[Piece] = [Line(t("case.newest", date=language.date(newest), age=age))]
    else:
        pieces = [Line(t("case.newest_none"))]
    bare = facts.without_records()
    if bare:
        pieces += [Line(t("case.bare")), Points([facts.label(language, factor) for factor in bare])]
    points = []
    for spec in facts.without_value():
        said = value_words(language, spec, None, 0)
        name = t("case.named", factor=facts.label(language, spec.factor), what=facts.what(language, spec))
        points.append(t("case.pair", what=name, value=said))
    if points:
        pieces += [Line(t("case.blank")), Points(points)]
    if not bare and not points:
        pieces.append(Line(t("case.complete" if _knows_cells(facts) else "case.complete_records")))
    return Part(t("case.part.missing"), [*pieces, Line(t("case.zero"), "note")])


def _knows_cells(facts: Facts) -> bool:
    return any(cells_of(row) for row in facts.reasons.itertuples())


def _unseen(language: Language, case: Case) -> Part:
    t = language.t
    outcome = language.text(case.words.outcome)
    pieces: list[Piece] = [
        Line(t("case.unseen", as_of=language.date(case.as_of))),
        Line(t("case.unseen_outcome", outcome=outcome)),
    ]
    # what has no words in both languages is the name of a column, which tells a case worker nothing
    names = [
        t("case.pair", what=language.text(each.label), value=language.word("excluded", each.why))
        for each in case.excluded
        if isinstance(each.label, Text)
    ]
    pieces += [Line(t("case.excluded")), Points(names)] if names else []
    further = len(case.excluded) - len(names)
    pieces += [Line(t("case.excluded_columns", n=further))] if further else []
    return Part(t("case.part.unseen"), pieces)


def _questions(language: Language, case: Case) -> Part:
    t = language.t
    own = [language.text(question) for question in case.words.questions]
    asked = own or [str(t(f"case.question.{i + 1}").unescape()) for i in range(_QUESTIONS)]
    return Part(t("case.part.questions"), [Points(asked)])


def _decides(language: Language, case: Case) -> Part:
    t, charter = language.t, case.charter
    never = [language.text(use) for use in charter.prohibited_uses]
    return Part(
        t("case.part.decides"),
        [
            Line(t("case.decides", owner=language.text(charter.owner)), "strong"),
            Line(t("case.supports", decision=language.text(charter.decision_supported))),
            Line(t("case.prohibited")),
            Points(never),
        ],
    )


def _disagree(language: Language, case: Case) -> Part:
    t = language.t
    reasons = [f"{t(f'case.disagree.{code}')} ({code})" for code in DISAGREE]
    return Part(
        t("case.part.disagree"),
        [
            Line(t("case.contact", contact=language.text(case.charter.disagreement_contact)), "strong"),
            Line(t("case.disagreement")),
            Points(reasons),
        ],
    )
