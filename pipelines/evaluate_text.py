"""What `plumbline evaluate` says, in English and German.

Belongs here: its sentences and the choice of figures.
Does not belong here: the evaluation (pipelines.evaluate), words that reports share (fairness_reports.reports).
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

import numpy as np

from fairness_reports.reports.figures import interval, metric_value
from fairness_reports.reports.language import Language

if TYPE_CHECKING:
    from pipelines.evaluate import Evaluation
    from pipelines.packs import Pack

SHOWN: Final = (
    "base_rate",
    "mean_score",
    "auc",
    "average_precision",
    "brier",
    "brier_skill",
    "calibration_slope",
    "calibration_intercept",
    "precision_at_capacity",
    "recall_at_capacity",
    "lift_at_capacity",
)

COMPARED: Final = ("auc", "brier", "brier_skill")
"""What tells something of a model that says the same of everybody."""

TEXT: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "{title}, release {release}: judged by what was known on {day}",
        "cases": "Cohort {cohort}: {cases} cases; the outcome of {unknown} is unknown.",
        "same": "Scored again by the same model, all {compared} cases have the score that was published.",
        "changed": "Scored again by the same model, {changed} of {compared} cases have another score than was "
        "published, because their records were corrected; the largest difference is {largest}. Judged are the "
        "published scores.",
        "moved": "{gone} scored cases stand in the cohort no more, {new} have come to it since and were not scored.",
        "withheld": "No scores were published; what the model would have said is judged as a whole.",
        "figures": "Figures ({model}; intervals 95 %)",
        "against": "{base}, for comparison",
        "thresholds": "The agreed thresholds on these cases (no verdict: that rests on the sealed test)",
        "ends": "Caution: the newest record is of {day}, before this cohort closed. What happened later was not "
        "delivered and counts as not having happened; the true rate may be higher.",
        "settings": "The pack has changed since the release: cohort, outcome and features are today's.",
        "charter": "The charter has changed since the release: the thresholds are today's.",
        "treated": "Scores were published. What was done with them may have changed the outcomes: where help came "
        "because of a high score and prevented the outcome, the score looks wrong here.",
        "open": "These figures have not passed disclosure control: do not pass them on before a person has checked "
        "them. They lie in:",
        "none": "no figure",
    },
    "de": {
        "title": "{title}, Ausgabe {release}: beurteilt nach dem, was am {day} bekannt war",
        "cases": "Kohorte {cohort}: {cases} Fälle; bei {unknown} ist der Ausgang unbekannt.",
        "same": "Vom selben Modell noch einmal berechnet, haben alle {compared} Fälle den veröffentlichten Wert.",
        "changed": "Vom selben Modell noch einmal berechnet, haben {changed} von {compared} Fällen einen anderen Wert "
        "als den veröffentlichten, weil ihre Daten berichtigt wurden; der größte Unterschied ist {largest}. Beurteilt "
        "werden die veröffentlichten Werte.",
        "moved": "{gone} Fälle mit einem Wert gehören nicht mehr zur Kohorte, {new} kamen seither hinzu und hatten "
        "keinen.",
        "withheld": "Es wurden keine Werte veröffentlicht; was das Modell gesagt hätte, wird im Ganzen beurteilt.",
        "figures": "Kennzahlen ({model}; Intervalle 95 %)",
        "against": "{base}, zum Vergleich",
        "thresholds": "Die vereinbarten Schwellen an diesen Fällen (kein Urteil: das beruht auf der versiegelten "
        "Erprobung)",
        "ends": "Vorsicht: Der neueste Eintrag ist vom {day}, vor dem Abschluss der Kohorte. Was später geschah, wurde "
        "nicht geliefert und zählt als nicht geschehen; der wahre Anteil kann höher sein.",
        "settings": "Das Paket hat sich seit der Ausgabe geändert: Kohorte, Ereignis und Merkmale sind die heutigen.",
        "charter": "Die Charta hat sich seit der Ausgabe geändert: Es gelten die heutigen Schwellen.",
        "treated": "Es wurden Werte veröffentlicht. Was mit ihnen geschah, kann die Ausgänge verändert haben: Kam auf "
        "einen hohen Wert hin Hilfe, die das Ereignis verhinderte, sieht der Wert hier falsch aus.",
        "open": "Diese Kennzahlen haben keine Offenlegungsprüfung durchlaufen: nicht weitergeben, bevor ein Mensch sie "
        "geprüft hat. Sie liegen in:",
        "none": "keine Angabe",
    },
}


def said(found: Evaluation, pack: Pack, lang: str) -> str:
    """The text for the terminal; the folder's path is to follow it."""
    language, text, again = Language(lang), TEXT[lang], found.again
    least = pack.charter.minimum_cell
    title = language.text(pack.programme.title)
    lines = [text["title"].format(title=title, release=found.release.release_id, day=language.date(found.day))]
    cases, unknown = language.number(found.cases), _count(language, found.unknown, least)
    lines.append(text["cases"].format(cohort=found.cohort, cases=cases, unknown=unknown))
    if not again.published:
        lines.append(text["withheld"])
    else:
        counts = {name: _count(language, getattr(again, name), least) for name in ("changed", "gone", "new")}
        compared, largest = language.number(again.compared), language.number(again.largest, 4)
        how = text["changed" if again.changed else "same"]
        lines.append(how.format(compared=compared, largest=largest, changed=counts["changed"]))
        if again.gone or again.new:
            lines.append(text["moved"].format(**counts))
    for head, model, metrics in (("figures", found.model, SHOWN), ("against", "base_rate", COMPARED)):
        if head == "against" and found.model == "base_rate":
            continue
        name = _plain(language.word("model", model))
        lines += ["", text[head].format(model=name, base=name) + ":"]
        lines += _figures(found, language, model, metrics, text["none"])
    lines += ["", text["thresholds"] + ":"]
    lines += [f"  - {language.text(reason.text)}" for reason in found.reasons]
    if found.other_charter:
        lines.append(text["charter"])
    if found.ends_early is not None:
        lines.append(text["ends"].format(day=language.date(found.ends_early)))
    if found.other_settings:
        lines.append(text["settings"])
    lines.append("")
    if again.published:
        lines.append(text["treated"])
    lines.append(text["open"])
    return "\n".join(lines)


def _figures(found: Evaluation, language: Language, model: str, metrics: tuple[str, ...], none: str) -> list[str]:
    rows = found.metrics[found.metrics["model"] == model].set_index("metric")
    lines = []
    for metric in metrics:
        if metric not in rows.index:
            continue
        value, low, high = map(float, rows.loc[metric, ["value", "low", "high"]].to_numpy(dtype=np.float64))
        if np.isnan(value):
            lines.append(f"  {_plain(language.word('metric', metric))}: {none}")
            continue
        between = interval(language, metric, low, high)
        figure = metric_value(language, metric, value) + (f" ({between})" if between else "")
        lines.append(f"  {_plain(language.word('metric', metric))}: {_plain(figure)}")
    return lines


def _count(language: Language, count: int, least: int) -> str:
    """A count of cases; a small one is not told exactly."""
    return language.number(count) if count == 0 or count >= least else f"< {least}"


def _plain(markup: object) -> str:
    return html.unescape(str(markup))
