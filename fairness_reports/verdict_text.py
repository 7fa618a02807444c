"""The sentences of the verdict, in English and German.

Belongs here: one sentence per reason, with threshold, value and interval; the headline.
Does not belong here: which reasons there are (fairness_reports.verdict).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final

from fairness_reports.audit.reasons import in_words
from fairness_reports.spec import JOIN, NOT_RECORDED, OVERALL
from features.words import Text, Words

if TYPE_CHECKING:
    from fairness_reports.charter import Acceptance, FairnessThreshold, PerformanceThreshold
    from fairness_reports.reports.language import Language

Figures = tuple[float | None, float | None, float | None]

CONSTANT: Final[dict[str, dict[str, str]]] = {
    "no_past": {
        "en": "The past is too short to try a model on it: it takes a closed cohort and, before it, others that were "
        "closed by then, with outcomes and non-outcomes enough to learn from.",
        "de": "Die Vergangenheit ist zu kurz, um ein Modell an ihr zu erproben: Es braucht eine abgeschlossene Kohorte "
        "und davor andere, die bis dahin abgeschlossen waren, mit genügend Ereignissen und Nicht-Ereignissen, um aus "
        "ihnen zu lernen.",
    },
    "outcome_never": {
        "en": "The outcome never occurs in the test, so there is nothing to tell apart. Check how the outcome is "
        "declared, and whether its records arrived.",
        "de": "Das Ereignis kommt in der Erprobung nie vor; es gibt nichts zu unterscheiden. Prüfen Sie, wie es "
        "festgelegt ist und ob seine Daten angekommen sind.",
    },
    "outcome_always": {
        "en": "The outcome occurs for everybody in the test, so there is nothing to tell apart. Check how it "
        "is declared.",
        "de": "Das Ereignis trifft in der Erprobung auf alle zu; es gibt nichts zu unterscheiden. Prüfen Sie, wie es "
        "festgelegt ist.",
    },
    "no_fairness_threshold": {
        "en": "The charter names no gap between groups that is judged, so whether the groups are treated alike was not "
        "decided by anybody.",
        "de": "Die Charta nennt keinen Abstand zwischen Gruppen, der geprüft wird; ob Gruppen gleich behandelt werden, "
        "hat damit niemand festgelegt.",
    },
}
TOO_FEW: Final[dict[str, dict[str, str]]] = {
    "too_few_outcomes": {
        "en": "The test has {count} cases with the recorded outcome; a model needs {least}.",
        "de": "Die Erprobung hat {count} Fälle mit dem erfassten Ereignis; ein Modell verlangt {least}.",
    },
    "too_few_non_outcomes": {
        "en": "The test has {count} cases without the recorded outcome; a model needs {least}.",
        "de": "Die Erprobung hat {count} Fälle ohne das erfasste Ereignis; ein Modell verlangt {least}.",
    },
}
THRESHOLD: Final[dict[str, dict[str, str]]] = {
    "threshold_met": {
        "en": "{metric}: {figure}. Agreed was {limit}, measured by {bound}: met.",
        "de": "{metric}: {figure}. Vereinbart war {limit}, gemessen durch {bound}: erfüllt.",
    },
    "threshold_failed": {
        "en": "{metric}: {figure}. Agreed was {limit}, measured by {bound}: not met.",
        "de": "{metric}: {figure}. Vereinbart war {limit}, gemessen durch {bound}: nicht erfüllt.",
    },
    "threshold_not_measured": {
        "en": "{metric}: could not be measured. Agreed was {limit}.",
        "de": "{metric}: war nicht messbar. Vereinbart war {limit}.",
    },
}
VIGNETTE: Final = {
    "en": "The model orders fictional cases otherwise than people of the field agreed: “{because}” does not hold.",
    "de": "Das Modell ordnet erdachte Fälle anders, als Fachleute es festgelegt haben: „{because}“ gilt nicht.",
}
IN_ORDER: Final = {
    "en": "Fictional cases stand in the order that people of the field agreed ({count} statements).",
    "de": "Erdachte Fälle stehen in der Ordnung, die Fachleute festgelegt haben ({count} Aussagen).",
}
UNINFORMATIVE: Final[dict[str, dict[str, str]]] = {
    "enough_informative": {
        "en": "Scores that are not informative: {figure} of the open cases. Agreed were at most {limit}: met.",
        "de": "Nicht aussagekräftige Werte: {figure} der offenen Fälle. Vereinbart waren höchstens {limit}: erfüllt.",
    },
    "too_many_uninformative": {
        "en": "Scores that are not informative: {figure} of the open cases. Agreed were at most {limit}: not met.",
        "de": "Nicht aussagekräftige Werte: {figure} der offenen Fälle. Vereinbart waren höchstens {limit}: nicht "
        "erfüllt.",
    },
    "not_measured": {
        "en": "How many scores are not informative could not be measured. Agreed were at most {limit}.",
        "de": "Wie viele Werte nicht aussagekräftig sind, war nicht messbar. Vereinbart waren höchstens {limit}.",
    },
}
FEW_CASES: Final = {"en": "too few for a figure, or all but so few,", "de": "zu wenige für eine Zahl oder fast alle"}
LIMIT: Final = {"en": ("at least {}", "at most {}"), "de": ("mindestens {}", "höchstens {}")}
BOUND: Final = {
    "estimate": {"en": "the estimate itself", "de": "die Schätzung selbst"},
    "lower": {"en": "the lower end of its interval", "de": "das untere Ende des Intervalls"},
    "upper": {"en": "the upper end of its interval", "de": "das obere Ende des Intervalls"},
}
GAP: Final[dict[str, dict[str, str]]] = {
    "gap_within": {
        "en": "{what}: {figure}. Tolerated are {tolerance} in either direction: within.",
        "de": "{what}: {figure}. Vereinbart sind höchstens {tolerance} in jede Richtung: eingehalten.",
    },
    "gap_outside": {
        "en": "{what}: {figure}. Tolerated are {tolerance} in either direction: exceeded.",
        "de": "{what}: {figure}. Vereinbart sind höchstens {tolerance} in jede Richtung: überschritten.",
    },
    "gap_cannot_tell": {
        "en": "{what}: {figure}. Tolerated are {tolerance} in either direction: cannot be told.",
        "de": "{what}: {figure}. Vereinbart sind höchstens {tolerance} in jede Richtung: lässt sich nicht sagen.",
    },
    "gap_there": {
        "en": "{what}: {figure}. Tolerated are {tolerance} in either direction: a difference is there, but whether it "
        "exceeds what is tolerated cannot be told.",
        "de": "{what}: {figure}. Vereinbart sind höchstens {tolerance} in jede Richtung: Ein Abstand besteht, aber ob "
        "er das Vereinbarte überschreitet, lässt sich nicht sagen.",
    },
    "gap_accepted": {
        "en": "{what}: {figure}. Tolerated are {tolerance} in either direction: cannot be told, which {signatory} "
        "accepted beforehand: {reason}",
        "de": "{what}: {figure}. Vereinbart sind höchstens {tolerance} in jede Richtung: lässt sich nicht sagen; vorab "
        "hingenommen von {signatory}: {reason}",
    },
}
WHAT: Final = {
    "en": "{metric}: {attribute} {group} compared with {reference}",
    "de": "{metric}: {attribute} {group} verglichen mit {reference}",
}
EVERYBODY: Final = {"en": "all cases", "de": "allen Fällen"}
NO_FIGURE: Final = {"en": "no comparison ({})", "de": "kein Vergleich ({})"}
UNKNOWN: Final = {"en": "no figure", "de": "keine Angabe"}
DIFFERENCE: Final = {"en": "difference {}", "de": "Abstand {}"}
BETWEEN: Final = {"en": "{} (interval {})", "de": "{} (Intervall {})"}
TRUE: Final = {
    "en": "{}; with outcomes that were not recorded it can lie anywhere between {} and {}",
    "de": "{}; mit Ereignissen, die nicht erfasst wurden, kann er überall zwischen {} und {} liegen",
}
NOT_IDENTIFIABLE: Final = {
    "en": "{}, which says nothing about outcomes that were not recorded",
    "de": "{}; über Ereignisse, die nicht erfasst wurden, sagt er nichts",
}
WOULD_TAKE: Final = {
    "en": " With a difference like this, about {needed} cases would decide it; there are {n}.",
    "de": " Bei einem solchen Abstand bräuchte es etwa {needed} Fälle, um es zu sagen; es sind {n}.",
}
FEWER: Final = {"en": "fewer than {}", "de": "weniger als {}"}
MISSING: Final = {
    "en": "{attribute}: {why}. A protected attribute that is not there cannot be audited.",
    "de": "{attribute}: {why}. Ein geschütztes Merkmal, das fehlt, lässt sich nicht prüfen.",
}
NOT_MEASURED: Final = {
    "en": "{metric} by {attribute}: the charter wants this judged, but the audit has no such comparison.",
    "de": "{metric} nach {attribute}: soll laut Charta geprüft werden, die Prüfung enthält den Vergleich aber nicht.",
}
NO_GROUP: Final = {"en": NOT_RECORDED, "de": "nicht erfasst"}


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
    """Builds the sentences.

    Parameters
    ----------
    words : Words, optional
        What attributes and groups are called; by default their names in the data.
    """

    def __init__(self, words: Words | None = None) -> None:
        self._words = words

    @cached_property
    def _languages(self) -> dict[str, Language]:
        from fairness_reports.reports.language import Language  # the reports may import the verdict: not at the top

        return {"en": Language("en"), "de": Language("de")}

    def headline(self, verdict: str, language: str, owner: Text | str, on: date) -> str:
        """The verdict in one sentence."""
        speech = self._languages[language]
        return speech.t(f"verdict.{verdict}", owner=speech.text(owner), date=speech.date(on)).unescape()

    def constant(self, code: str) -> Text:
        """A sentence without figures."""
        return Text(**CONSTANT[code])

    def too_few(self, code: str, count: int, minimum: int, least: int) -> Text:
        """Too few cases of one kind in the test; a count below the minimum is not told."""
        shown = {each: FEWER[each].format(minimum) if count < minimum else str(count) for each in FEWER}
        return Text(**{each: TOO_FEW[code][each].format(count=shown[each], least=least) for each in shown})

    def threshold(
        self, code: str, threshold: PerformanceThreshold, value: float | None, low: float | None, high: float | None
    ) -> Text:
        """How a performance threshold came out."""
        sentences = {}
        form = _Form(threshold.metric, (value, low, high), (threshold.limit,))
        for language, forms in LIMIT.items():
            sentences[language] = THRESHOLD[code][language].format(
                metric=self._metric(threshold.metric, language),
                figure=self._figure(form, (value, low, high), language),
                limit=forms[threshold.at_least is None].format(form.value(self._languages[language], threshold.limit)),
                bound=BOUND[threshold.required_bound][language],
            )
        return Text(**sentences)

    def vignette(self, because: Text) -> Text:
        """A statement of vignettes.yaml does not hold."""
        return Text(**{each: form.format(because=because[each].rstrip(" .")) for each, form in VIGNETTE.items()})

    def vignettes_in_order(self, count: int) -> Text:
        """All of them hold."""
        return Text(**{each: form.format(count=count) for each, form in IN_ORDER.items()})

    def uninformative(self, code: str, limit: float, share: float | None, *, measured: bool) -> Text:
        """How the share of scores that say nothing came out; `share` is None where it may not be told."""
        sentences = {}
        form = _Form("uninformative", (share, None, None), (limit,))
        for language, speech in self._languages.items():
            sentences[language] = UNINFORMATIVE[code if measured else "not_measured"][language].format(
                figure=FEW_CASES[language] if share is None else form.value(speech, share),
                limit=form.value(speech, limit),
            )
        return Text(**sentences)

    def missing(self, attribute: str, why: str) -> Text:
        """A protected attribute is not there."""
        return Text(
            **{
                language: form.format(attribute=self._attribute(attribute, language), why=in_words(why, language))
                for language, form in MISSING.items()
            }
        )

    def not_measured(self, threshold: FairnessThreshold) -> Text:
        """The audit lacks a comparison that the charter judges."""
        sentences = {}
        for language, form in NOT_MEASURED.items():
            attribute = self._attribute(threshold.attribute, language)
            sentences[language] = form.format(metric=self._metric(threshold.metric, language), attribute=attribute)
        return Text(**sentences)

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
        sentences = {}
        tolerance = threshold.tolerance or 0.0
        form = _Form(threshold.metric, (*figures, *unseen.bounds), (tolerance, -tolerance))
        for language, sentence in WHAT.items():
            name = threshold.attribute
            overall = threshold.reference == OVERALL
            reference = EVERYBODY[language] if overall else self._group(name, threshold.reference, language)
            what = sentence.format(
                metric=self._metric(threshold.metric, language),
                attribute=self._attribute(name, language),
                group=self._group(name, group, language),
                reference=reference,
            )
            if figures[0] is None:
                figure = NO_FIGURE[language].format(in_words(why, language) if why else UNKNOWN[language])
            else:
                figure = DIFFERENCE[language].format(self._figure(form, figures, language, gap=True))
                figure = self._with_unseen(form, figure, unseen, language)
            accepted = {} if entry is None else _words_of(entry, language)
            tolerated = form.gap(self._languages[language], tolerance).lstrip("+")
            sentences[language] = GAP[_told(code, figures, unseen)][language].format(
                what=what, figure=figure, tolerance=tolerated, **accepted
            )
            if code == "gap_cannot_tell" and unseen.needed_n is not None and unseen.n is not None:
                count = self._languages[language].number
                sentences[language] += WOULD_TAKE[language].format(
                    needed=count(float(f"{unseen.needed_n:.2g}"), 0), n=count(unseen.n, 0)
                )
        return Text(**sentences)

    def _with_unseen(self, form: _Form, figure: str, unseen: Unseen, language: str) -> str:
        if unseen.identification == "not_identifiable":
            return NOT_IDENTIFIABLE[language].format(figure)
        low, high = unseen.bounds
        if unseen.identification != "bounded" or low is None or high is None:
            return figure
        speech = self._languages[language]
        ends = (form.end(speech, low, signed=True), form.end(speech, high, signed=True))
        return TRUE[language].format(figure, *ends)

    def _metric(self, metric: str, language: str) -> str:
        from fairness_reports.reports.figures import metric_label

        return metric_label(self._languages[language], metric)

    def _figure(self, form: _Form, figures: Figures, language: str, *, gap: bool = False) -> str:
        value, low, high = figures
        speech = self._languages[language]
        if value is None:
            return UNKNOWN[language]
        shown = form.gap(speech, value) if gap else form.value(speech, value)
        if low is None or high is None:
            return shown
        ends = (form.end(speech, low, signed=gap), form.end(speech, high, signed=gap))
        return BETWEEN[language].format(shown, speech.t("form.interval", low=ends[0], high=ends[1]))

    def _attribute(self, attribute: str, language: str) -> str:
        known = self._words.attributes if self._words is not None else {}
        return JOIN.join(known[name].label[language] if name in known else name for name in attribute.split(JOIN))

    def _group(self, attribute: str, group: str, language: str) -> str:
        known = self._words.attributes if self._words is not None else {}
        names = []
        for name, value in zip(attribute.split(JOIN), group.split(JOIN), strict=False):
            if name in known and value in known[name].values:
                names.append(known[name].values[value][language])
            else:
                names.append(NO_GROUP[language] if value == NOT_RECORDED else value)
        return f"“{JOIN.join(names)}”" if language == "en" else f"„{JOIN.join(names)}“"


def _words_of(entry: Acceptance, language: str) -> dict[str, str]:
    return {"signatory": entry.signatory[language], "reason": entry.reason[language]}


def _told(code: str, figures: Figures, unseen: Unseen) -> str:
    """What can be told is said: an interval that leaves 0 out shows a difference, if not its size."""
    low, high = figures[1:] if unseen.identification in {None, "identified", "undeclared"} else unseen.bounds
    there = low is not None and high is not None and (low > 0 or high < 0)
    return "gap_there" if code == "gap_cannot_tell" and there else code
