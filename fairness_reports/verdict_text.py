"""The sentences of the verdict, in every language.

Belongs here: which sentence of the catalogue tells a reason, with threshold, value and interval; the headline.
Does not belong here: which reasons there are (fairness_reports.verdict), the words (the catalogue).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from fairness_reports.audit.reasons import WITHHELD, in_words
from fairness_reports.language import LANGUAGES, Language
from fairness_reports.spec import JOIN, NOT_RECORDED, OVERALL
from features.words import Text, Words

if TYPE_CHECKING:
    from fairness_reports.charter import Acceptance, FairnessThreshold, PerformanceThreshold

Figures = tuple[float | None, float | None, float | None]


@dataclass(frozen=True)
class Unseen:
    """What is known of a gap beyond the recorded cases of this audit.

    Attributes
    ----------
    identification : str, optional
        As in the audit.
    bounds : tuple
        Where the gap in true outcomes can lie.
    needed_n, n : int, optional
        How many cases would decide it, and how many there are.
    """

    identification: str | None = None
    bounds: tuple[float | None, float | None] = (None, None)
    needed_n: int | None = None
    n: int | None = None


class _Form:
    """How figures of a metric are written: with so many decimals that none looks like the limit that it misses."""

    def __init__(self, metric: str, figures: tuple[float | None, ...], limits: tuple[float, ...]) -> None:
        from fairness_reports.reports.figures import SHARES

        self.share = metric.split("[")[0] in SHARES
        self.is_gap = metric.startswith("calibration") and self.share  # a difference of shares by itself
        self.scale, self.digits = (100, 1) if self.share else (1, 3)
        known = [each for each in figures if each is not None]
        while self.digits < 6 and any(self._alike(figure, limit) for figure in known for limit in limits):
            self.digits += 1

    def _alike(self, figure: float, limit: float) -> bool:
        return figure != limit and round(figure * self.scale, self.digits) == round(limit * self.scale, self.digits)

    def value(self, speech: Language, value: float) -> str:
        if self.is_gap:
            return speech.points(value, self.digits)
        return speech.percent(value, self.digits) if self.share else speech.number(value, self.digits)

    def gap(self, speech: Language, value: float) -> str:
        return speech.points(value, self.digits) if self.share else speech.signed(value, self.digits)

    def end(self, speech: Language, value: float, *, signed: bool) -> str:
        return (speech.signed if signed else speech.number)(value * self.scale, self.digits)


class Sentences:
    """Asks the catalogue for the sentences, in every language.

    Parameters
    ----------
    words : Words, optional
        What attributes and groups are called; by default their names in the data.
    """

    def __init__(self, words: Words | None = None) -> None:
        self._words = words
        self._languages = {code: Language(code) for code in LANGUAGES}

    def headline(self, verdict: str, language: str, owner: Text | str, on: date) -> str:
        """The verdict in one sentence."""
        speech = self._languages[language]
        return speech.plain(f"verdict.{verdict}", owner=speech.text(owner), date=speech.date(on))

    def constant(self, code: str) -> Text:
        """A sentence without figures."""
        return self._in_both(lambda speech: speech.plain(f"reason.{code}"))

    def too_few(self, code: str, count: int, minimum: int, least: int) -> Text:
        """Too few cases of one kind in the test; a count below the minimum is not told."""

        def told(speech: Language) -> str:
            shown = speech.plain("judged.fewer", minimum=minimum) if count < minimum else str(count)
            return speech.plain(f"reason.{code}", count=shown, least=least)

        return self._in_both(told)

    def threshold(
        self, code: str, threshold: PerformanceThreshold, value: float | None, low: float | None, high: float | None
    ) -> Text:
        """How a performance threshold came out; with a `value` of None, the figure it was judged on is withheld."""
        form = _Form(threshold.metric, (value, low, high), (threshold.limit,))
        side = "at_most" if threshold.at_least is None else "at_least"

        def told(speech: Language) -> str:
            return speech.plain(
                f"reason.{code}",
                metric=_metric(speech, threshold.metric),
                figure=_not_shown(speech, None) if value is None else _figure(speech, form, (value, low, high)),
                limit=speech.plain(f"judged.{side}", value=form.value(speech, threshold.limit)),
                bound=speech.plain(f"judged.{threshold.required_bound}"),
            )

        return self._in_both(told)

    def vignette(self, because: Text) -> Text:
        """A statement of vignettes.yaml does not hold."""
        return self._in_both(
            lambda speech: speech.plain("reason.vignette_order", because=because[speech.code].rstrip(" ."))
        )

    def vignettes_in_order(self, count: int) -> Text:
        """All of them hold."""
        return self._in_both(lambda speech: speech.plain("reason.vignettes_in_order", count=count))

    def uninformative(self, code: str, limit: float, share: float | None, *, measured: bool) -> Text:
        """How the share of scores that say nothing came out; `share` is None where it may not be told."""
        form = _Form("uninformative", (share, None, None), (limit,))

        def told(speech: Language) -> str:
            if not measured:
                return speech.plain("reason.informative_not_measured", limit=form.value(speech, limit))
            figure = speech.plain("judged.few_cases") if share is None else form.value(speech, share)
            return speech.plain(f"reason.{code}", figure=figure, limit=form.value(speech, limit))

        return self._in_both(told)

    def missing(self, attribute: str, why: str) -> Text:
        """A protected attribute is not there."""

        def told(speech: Language) -> str:
            name = self._attribute(speech, attribute)
            return speech.plain("reason.attribute_missing", attribute=name, why=in_words(why, speech))

        return self._in_both(told)

    def not_measured(self, threshold: FairnessThreshold) -> Text:
        """The audit lacks a comparison that the charter judges."""

        def told(speech: Language) -> str:
            name = self._attribute(speech, threshold.attribute)
            return speech.plain("reason.not_audited", attribute=name, metric=_metric(speech, threshold.metric))

        return self._in_both(told)

    def gap(
        self,
        code: str,
        threshold: FairnessThreshold,
        group: str,
        figures: Figures,
        why: str | None,
        entry: Acceptance | None,
        unseen: Unseen,
    ) -> Text:
        """How a gap came out, with what outcomes that nobody recorded could do to it."""
        tolerance = threshold.tolerance or 0.0
        form = _Form(threshold.metric, (*figures, *unseen.bounds), (tolerance, -tolerance))

        def told(speech: Language) -> str:
            if figures[0] is None:
                # what was judged has a figure, and what is withheld may have one
                judged = code in ("gap_within", "gap_outside") or why == WITHHELD
                figure = (_not_shown if judged else _no_comparison)(speech, why)
            else:
                figure = speech.plain("judged.difference", figure=_figure(speech, form, figures, gap=True))
                figure = _with_unseen(speech, form, figure, unseen)
            accepted = {} if entry is None else _words_of(entry, speech.code)
            sentence = speech.plain(
                f"reason.{_told(code, figures, unseen)}",
                what=self._compared(speech, threshold, group),
                figure=figure,
                tolerance=form.gap(speech, tolerance).lstrip("+"),
                **accepted,
            )
            if code == "gap_cannot_tell" and unseen.needed_n is not None and unseen.n is not None:
                needed = speech.number(float(f"{unseen.needed_n:.2g}"), 0)
                sentence += " " + speech.plain("judged.would_take", needed=needed, n=speech.number(unseen.n, 0))
            return sentence

        return self._in_both(told)

    def _in_both(self, told: Callable[[Language], str]) -> Text:
        return Text(**{code: told(speech) for code, speech in self._languages.items()})

    def _compared(self, speech: Language, threshold: FairnessThreshold, group: str) -> str:
        name, reference = threshold.attribute, threshold.reference
        everybody = reference == OVERALL
        return speech.plain(
            "judged.compared",
            metric=_metric(speech, threshold.metric),
            attribute=self._attribute(speech, name),
            group=self._group(speech, name, group),
            reference=speech.plain("judged.everybody") if everybody else self._group(speech, name, reference),
        )

    def _attribute(self, speech: Language, attribute: str) -> str:
        known = self._words.attributes if self._words is not None else {}
        return JOIN.join(speech.text(known[name].label) if name in known else name for name in attribute.split(JOIN))

    def _group(self, speech: Language, attribute: str, group: str) -> str:
        known = self._words.attributes if self._words is not None else {}
        names = []
        for name, value in zip(attribute.split(JOIN), group.split(JOIN), strict=False):
            if name in known and value in known[name].values:
                names.append(speech.text(known[name].values[value]))
            else:
                names.append(speech.plain("form.not_recorded") if value == NOT_RECORDED else value)
        return speech.plain("judged.quoted", name=JOIN.join(names))


def _not_shown(speech: Language, why: str | None) -> str:
    if why is None or why == WITHHELD:
        return speech.plain("judged.withheld")
    return speech.plain("judged.not_shown", why=in_words(why, speech))


def _no_comparison(speech: Language, why: str | None) -> str:
    return speech.plain("judged.no_comparison", why=in_words(why, speech) if why else speech.plain("judged.no_figure"))


def _with_unseen(speech: Language, form: _Form, figure: str, unseen: Unseen) -> str:
    if unseen.identification == "not_identifiable":
        return speech.plain("judged.not_identifiable", figure=figure)
    low, high = unseen.bounds
    if unseen.identification != "bounded" or low is None or high is None:
        return figure
    ends = {"low": form.end(speech, low, signed=True), "high": form.end(speech, high, signed=True)}
    return speech.plain("judged.bounded", figure=figure, **ends)


def _metric(speech: Language, metric: str) -> str:
    from fairness_reports.reports.figures import metric_label  # the reports may import the verdict: not at the top

    return metric_label(speech, metric)


def _figure(speech: Language, form: _Form, figures: Figures, *, gap: bool = False) -> str:
    value, low, high = figures
    if value is None:
        return speech.plain("judged.no_figure")
    shown = form.gap(speech, value) if gap else form.value(speech, value)
    if low is None or high is None:
        return shown
    ends = (form.end(speech, low, signed=gap), form.end(speech, high, signed=gap))
    interval = speech.plain("form.interval", low=ends[0], high=ends[1])
    return speech.plain("judged.with_interval", value=shown, interval=interval)


def _words_of(entry: Acceptance, language: str) -> dict[str, str]:
    return {"signatory": entry.signatory[language], "reason": entry.reason[language]}


def _told(code: str, figures: Figures, unseen: Unseen) -> str:
    """What can be told is said: an interval that leaves 0 out shows a difference, if not its size."""
    low, high = figures[1:] if unseen.identification in {None, "identified", "undeclared"} else unseen.bounds
    there = low is not None and high is not None and (low > 0 or high < 0)
    return "gap_there" if code == "gap_cannot_tell" and there else code
