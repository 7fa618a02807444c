"""A made-up programme and figures for tests of reports; `python -m tests.fairness_reports_fake DIR` writes its pages."""
# ruff: noqa: E501

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fairness_reports.audit.reasons import fewer_than
from fairness_reports.charter import Charter
from fairness_reports.reports import BandLine, Excluded, FeatureLine, ReportContext, render
from fairness_reports.reports.context import _empty
from fairness_reports.reports.standing import Before, ProgrammeLine
from fairness_reports.spec import JOIN, OVERALL
from features.words import Text, Words
from models.ablation import DIFFERENCE, without
from tests import fairness_reports_fake_shapes as made_shapes
from tests import fairness_reports_fake_tested as tested
from tests.fairness_reports_fake_records import Records

FACTORS = {
    "days_since_last_visit": (
        "Days since the last visit to the course site",
        "Tage seit dem letzten Besuch der Kursseite",
        "up",
    ),
    "late_submissions": ("Assignments handed in late", "Verspätet abgegebene Aufgaben", "up"),
    "mean_mark": ("Mean mark so far", "Mittlere Note bisher", "down"),
    "earlier_attempts": ("Earlier attempts at this course", "Frühere Anläufe zu diesem Kurs", "mixed"),
    "credits": ("Credits studied at the same time", "Zugleich belegte Punkte", "up"),
    "registered_before_start": ("Days between registration and start", "Tage zwischen Anmeldung und Beginn", "down"),
    "course": ("Course", "Kurs", "mixed"),
    "forum": ("Posts read in the forum", "Gelesene Beiträge im Forum", "down"),
    "quiz": ("Quizzes tried", "Bearbeitete Übungsfragen", "down"),
}
GROUPS = {
    "gender": (("Gender", "Geschlecht"), {"F": ("women", "Frauen"), "M": ("men", "Männer")}),
    "age_band": (
        ("Age", "Alter"),
        {"0-35": ("up to 35", "bis 35"), "35-55": ("35 to 55", "35 bis 55"), "55<=": ("over 55", "über 55")},
    ),
    "imd_band": (
        ("Neighbourhood (index of multiple deprivation)", "Wohngegend (Index der mehrfachen Benachteiligung)"),
        {
            "0-20%": ("most deprived fifth", "am stärksten benachteiligtes Fünftel"),
            "20-40%": ("second fifth", "zweites Fünftel"),
            "40-60%": ("middle fifth", "mittleres Fünftel"),
            "60-80%": ("fourth fifth", "viertes Fünftel"),
            "80-100%": ("least deprived fifth", "am wenigsten benachteiligtes Fünftel"),
        },
    ),
}  # fmt: skip


def text(en: str, de: str) -> dict[str, str]:
    return {"en": en, "de": de}


def words() -> Words:
    return Words.model_validate(
        {
            "case": {"one": text("enrolment", "Einschreibung"), "many": text("enrolments", "Einschreibungen")},
            "bands": {"high": text("high", "hoch")},
            "outcome": text("withdrew within 90 days", "innerhalb von 90 Tagen abgemeldet"),
            "factors": {
                key: {"label": text(en, de)} for key, (en, de, _) in FACTORS.items()
            },
            "attributes": {
                key: {"label": text(*label), "values": {value: text(*both) for value, both in values.items()}}
                for key, (label, values) in GROUPS.items()
            },
        }
    )  # fmt: skip


def charter(**changes: Any) -> Charter:
    same = text("agreed in the advisory board", "im Beirat vereinbart")
    fields: dict[str, Any] = {
        "problem": text("Students leave without anybody having spoken to them.", "Studierende gehen, ohne dass jemand mit ihnen gesprochen hat."),
        "decision_supported": text("Whom tutors offer a call first.", "Wem Tutorinnen und Tutoren zuerst ein Gespräch anbieten."),
        "alternatives": [text("A call to everybody", "Ein Anruf bei allen"), text("A call on request", "Ein Anruf auf Wunsch")],
        "prohibited_uses": [text("Excluding somebody from a course", "Jemanden von einem Kurs ausschließen")],
        "legal_basis": text("Consent at registration", "Einwilligung bei der Anmeldung"),
        "impact_assessment": {"reference": text("File 12", "Akte 12"), "date": date(2014, 1, 10)},
        "people_informed": text("By letter at registration", "Durch einen Brief bei der Anmeldung"),
        "consulted": [text("The students' council", "Der Rat der Studierenden")],
        "owner": text("the head of student services", "die Leitung der Studienberatung"),
        "sign_off": {"by": text("Head of student services", "Leitung der Studienberatung"), "date": date(2014, 2, 1)},
        "disagreement_contact": text("The ombudsperson", "Die Ombudsperson"),
        "retention": text("Two years", "Zwei Jahre"),
        "review_date": date(2015, 2, 1),
        "retraining": {"every_months": 6, "reason": text("Two presentations a year", "Zwei Durchgänge im Jahr")},
        "stop_rule": "TODO",
        "capacity": {"share": 0.2, "reason": same},
        "performance": [
            {"metric": "auc", "at_least": 0.65, "reason": same},
            {"metric": "calibration_in_the_large", "at_most": 0.03, "reason": same},
            {"metric": "calibration_in_the_large", "at_least": -0.03, "reason": same},
        ],
        "fairness": [
            {"metric": metric, "attribute": attribute, "tolerance": 0.08, "reason": same}
            for metric in ("tpr", "fpr") for attribute in GROUPS
        ],
    }  # fmt: skip
    return Charter.model_validate({**fields, **changes})


def metrics() -> pd.DataFrame:
    figures = {
        "auc": (0.703, 0.69, 0.716), "average_precision": (0.38, 0.36, 0.41), "brier": (0.139, 0.135, 0.143),
        "brier_skill": (0.08, 0.06, 0.1), "mean_score": (0.181, 0.179, 0.183), "base_rate": (0.192, 0.183, 0.201),
        "calibration_in_the_large": (-0.011, -0.02, -0.002), "calibration_slope": (0.96, 0.88, 1.04),
        "calibration_intercept": (0.08, 0.02, 0.14), "precision_at_capacity": (0.383, 0.357, 0.409),
        "recall_at_capacity": (0.4, 0.375, 0.425), "lift_at_capacity": (2.0, 1.88, 2.12),
    }  # fmt: skip
    rows = []
    for split, day, n in (("2013J", date(2013, 10, 31), 7678), ("2014B", date(2014, 3, 3), 6505)):
        for model, worse in (
            ("base_rate", 0.2),
            ("one_factor", 0.1),
            ("logistic", 0.02),
            ("hist_gradient_boosting", 0.0),
        ):
            for metric, (value, low, high) in figures.items():
                less = worse if metric == "auc" else 0
                for suffix, size, wider in (("", n, 0.0), ("[new]", n - 800, 0.005), ("[returning]", 800, 0.03)):
                    rows.append(
                        (
                            split,
                            day,
                            model,
                            metric + suffix,
                            value - less,
                            low - less - wider,
                            high - less + wider,
                            size,
                        )
                    )
    more = tested.metrics()
    made = pd.DataFrame(rows, columns=list(more.columns))
    return pd.concat([made, more.astype(made.dtypes)], ignore_index=True)


def fairness() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    rows: list[tuple[Any, ...]] = []
    base = {"base_rate": 0.19, "selection_rate": 0.2, "tpr": 0.4, "fpr": 0.15, "fnr": 0.6, "ppv": 0.38, "npv": 0.85,
            "accuracy": 0.77, "mean_score": 0.18, "calibration": -0.01, "auc": 0.7}  # fmt: skip

    def add(attribute: str, group: str, n: int, *, judged: bool) -> None:
        small = n < 10
        rows.append((attribute, group, "all", "n", "value", None, None if small else n, None, None, None if small else n,
                     "not_judged", False, fewer_than(10) if small else None))  # fmt: skip
        for metric, overall in base.items():
            few = small or (n < 60 and metric == "tpr")
            gap = float(rng.normal(0, 0.02 + 0.5 / n**0.5)) if attribute != OVERALL else 0.0
            half = 1.2 / n**0.5
            value = overall + gap
            head = (attribute, group, "all", metric)
            reason = fewer_than(10) if few else None
            rows.append((*head, "value", None, *((None,) * 3 if few else (value, value - half, value + half)),
                         None if few else n, "not_judged", False, reason))  # fmt: skip
            if attribute == OVERALL:
                continue
            state = "not_judged"
            judging = judged and metric in ("tpr", "fpr")
            if judging:
                state = "cannot_tell" if few or not (gap - half >= -0.08 and gap + half <= 0.08) else "within"
                state = "outside" if not few and (gap - half > 0.08 or gap + half < -0.08) else state
            rows.append((*head, "difference", OVERALL, *((None,) * 3 if few else (gap, gap - half, gap + half)),
                         None if few else n, state, judging, reason))  # fmt: skip

    add(OVERALL, OVERALL, 6505, judged=False)
    sizes = {"gender": [3100, 3405], "age_band": [4600, 1850, 48], "imd_band": [1200, 1300, 1310, 1250, 1400]}
    for attribute, (_, values) in GROUPS.items():
        for group, n in zip(values, sizes[attribute], strict=True):
            add(attribute, group, n, judged=True)
    add("imd_band", "not recorded", 7, judged=True)
    for gender in GROUPS["gender"][1]:
        for age, n in zip(GROUPS["age_band"][1], (2300, 900, 6), strict=True):
            add(f"gender{JOIN}age_band", f"{gender}{JOIN}{age}", n, judged=False)
    for band, value, n in (
        ("0.000–0.120", 0.07, 2100),
        ("0.120–0.280", 0.19, 3000),
        ("0.280–0.600", 0.38, 1400),
        ("0.600–1.000", None, 5),
    ):
        ends = (None, None) if value is None else (value - 0.015, value + 0.02)
        rows.append((OVERALL, OVERALL, band, "base_rate", "value", None, value, *ends, n, "not_judged", False, None))
    columns = ["attribute", "group", "band", "metric", "comparison", "reference", "value", "low", "high", "n", "state",
               "confirmatory", "reason"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    frame.insert(0, "as_of", date(2014, 3, 3))
    frame.insert(0, "split", "2014B")
    return frame


def factors() -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for i, (factor, (_, _, direction)) in enumerate(FACTORS.items()):
        size = 0.42 / (i + 1)
        rows.append((factor, None, None, size, direction, 0.0, size * 0.9, size * 1.1, 9204))
        for attribute, (_, values) in GROUPS.items():
            for j, group in enumerate(values):
                small = group == "55<="
                mean = None if small else size * (0.2 * j - 0.2)
                rows.append(
                    (
                        factor,
                        attribute,
                        group,
                        None if small else size,
                        direction,
                        mean,
                        None,
                        None,
                        5 if small else 900,
                    )
                )
    columns = ["factor", "attribute", "group", "importance", "direction", "mean_contribution", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)


def quality() -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = [
        ("studentInfo", "code_module, id_student: unique", 32593, 0, "error", True, 0.0, None),
        ("studentInfo", "imd_band: missingValues", 32593, 1111, "warning", False, 0.03, "mustBeLessThan 1 %"),
        ("studentRegistration", "date_registration: required", 32593, 45, "critical", False, 0.001, None),
        ("studentAssessment", "weight: maximum", 173912, 0, "error", True, 0.0, None),
        ("studentAssessment", "id_student: in studentInfo", 173912, 0, "error", True, 0.0, None),
        ("studentAssessment", "date_submitted: not before date_registration", 173912, 0, "error", True, 0.0, None),
        ("studentAssessment", "fields", 173912, 0, "error", True, 0.0, None),
        ("studentAssessment", "jahresbericht_2014", 173912, 0, "error", True, 0.0, None),
        ("studentInfo", "k_anonymity", 32593, 0, "info", True, 1.0, "gender, age_band, imd_band, region"),
        ("studentInfo", "k_anonymity: without region", 32593, 0, "info", True, 7.0, "gender, age_band, imd_band"),
        ("studentInfo", "rows_below_11", 32593, 0, "info", True, 0.04, "gender, age_band, imd_band, region"),
        ("studentInfo.csv.gz", "ignored_column: internal_code", 0, 0, "info", True, None, None),
        ("studentInfo", "quarantined_share: gender = F", 14718, 20, "info", True, 20 / 14718, None),
        ("studentInfo", "quarantined_share: gender = (not recorded)", 40, 12, "info", True, 0.3, None),
        (
            "studentInfo",
            "quarantined_share: gender = (groups below 10)",
            0,
            0,
            "info",
            True,
            None,
            "fewer than 10 rows",
        ),
    ]
    for table, counts in (("studentInfo", (32593, 32548, 45)), ("studentAssessment", (173912, 173912, 0))):
        for name, count in zip(("rows", "accepted", "quarantined", "vanished"), (*counts, 3), strict=True):
            rows.append((table, f"rows: {name}", counts[0], 0, "info", True, float(count), None))
    return pd.DataFrame(rows, columns=["table", "rule", "checked", "failed", "severity", "passed", "value", "detail"])


MET = [{"code": "threshold_met", "text": text("Ranking (AUC) 0.70 (0.69 to 0.72); agreed is at least 0.65.",
                                             "Rangordnung (AUC) 0,70 (0,69 bis 0,72); vereinbart ist mindestens 0,65.")}]  # fmt: skip
REASONS: dict[str, list[dict[str, Any]]] = {
    "fit": [],
    "not_fit": [
        {"code": "fairness_outside", "threshold": 0.08, "value": 0.11, "low": 0.09, "high": 0.13,
         "text": text("The share found among women differs by +11.0 points (+9.0 to +13.0) from all cases; agreed are at most 8.",
                      "Der gefundene Anteil bei Frauen weicht um +11,0 Prozentpunkte (+9,0 bis +13,0) von allen Fällen ab; vereinbart sind höchstens 8.")},
    ],
    "not_auditable": [
        {"code": "cannot_tell", "text": text("For the group over 55 there are too few cases.", "Für die Gruppe über 55 gibt es zu wenige Fälle.")},
    ],
    "descriptive_only": [
        {"code": "too_few", "text": text("The test has 41 recorded outcomes; 100 are needed.", "Die Erprobung hat 41 erfasste Ereignisse; nötig sind 100.")},
    ],
}  # fmt: skip


HEADLINE = text("Met the thresholds agreed by the head of student services on 1 February 2014; this is not permission to use it",
                "Erfüllt die vereinbarten Schwellen; das ist keine Freigabe (vereinbart am 1. Februar 2014 von: die Leitung der Studienberatung)")  # fmt: skip


def before(**changes: Any) -> Before:
    """A release of an earlier day, on another training: one gap turned, one factor gave way to another."""
    manifest = {
        "programme": "student_support", "release_id": "2014-03-03-77aa01fe00", "as_of": "2014-03-03", "verdict": "fit",
        "headline": HEADLINE, "charter_hash": "9f" * 32, "training": {"training_id": "1b1b", "trained_as_of": "2014-03-03"},
        "audited_model": {"name": "hist_gradient_boosting", "content_hash": "1a", "split": "2013J"},
    }  # fmt: skip
    then = fairness().assign(split="2013J")
    women = then["confirmatory"] & (then["group"] == "F") & (then["metric"] == "tpr")
    then.loc[women, ["value", "low", "high", "state"]] = [0.12, 0.1, 0.14, "outside"]
    ranked = factors()
    ranked.loc[ranked["factor"] == "quiz", "importance"] = 0.5
    return Before({**manifest, **changes}, metrics=metrics(), fairness=then, factors=ranked, quality=quality())


def programmes(verdict: str) -> list[ProgrammeLine]:
    """Two programmes; the other one's newest delivery was refused."""
    other = {"en": "It cannot be told whether the agreed thresholds are met; no scores are published",
             "de": "Ob die vereinbarten Schwellen erfüllt sind, lässt sich nicht sagen; es werden keine Schätzwerte veröffentlicht"}  # fmt: skip
    return [
        ProgrammeLine("family_support", text("Family support", "Familienhilfe"), other, "not_auditable", "2014-07-01",
                      "2014-07-01-00", stale_on="2014-10-02"),
        ProgrammeLine("student_support", text("Student support", "Begleitung von Studierenden"),
                      HEADLINE if verdict == "fit" else other, verdict, "2014-10-31", "2014-10-31-4f2a91c07d"),
    ]  # fmt: skip


def context(verdict: str = "fit", **changes: Any) -> ReportContext:
    """A full context for a verdict."""
    fitted = verdict != "descriptive_only"
    manifest = {
        "disclosure": {"profile": "default", "minimum": 10, "base": 5, "shown": 400, "withheld": 35},
        "programme": "student_support", "release_id": "2014-10-31-4f2a91c07d", "as_of": "2014-10-31", "verdict": verdict,
        "reasons": REASONS[verdict], "met": MET if verdict != "descriptive_only" else [], "code_version": "0.1.0+3f9ac21", "charter_hash": "9f" * 32, "config_hash": "a1" * 32,
        "created_at": "2026-11-22T03:12:00Z",
        "inputs": [{"file": "studentInfo.csv.gz", "sha256": "0c" * 32, "rows": 32593}],
    }  # fmt: skip
    if fitted:
        manifest["audited_model"] = {"name": "hist_gradient_boosting", "content_hash": "77aa01fe"}
        manifest["training"] = {
            "training_id": "5d0c",
            "trained_as_of": manifest["as_of"],
            "reason": "charter_changed",
            "due_on": "2015-05-01",
            "openings": 1,
            "openings_before": 3,
            "code_version": "0.1.0+3f9ac21",
        }
        manifest["deployed_model"] = {
            "name": "hist_gradient_boosting",
            "content_hash": "12bc9d00",
            "keeps_directions": True,
            "change_in_scores": 0.012,
        }
        manifest["vignettes"] = [
            {**case, "band": "high", "reasons": made_shapes.REASONS[case["name"]]} for case in tested.VIGNETTES
        ]
        manifest["statements"] = tested.STATEMENTS
        manifest["uninformative"] = {"share": sum(tested.UNINFORMATIVE.values()) / 9204, "n": 9204}
    cohorts = pd.DataFrame(
        {"cohort": ["2013B", "2013J", "2014B", "2014J"],
         "as_of": [date(2013, 3, 3), date(2013, 10, 31), date(2014, 3, 3), date(2014, 10, 31)],
         "role": ["train", "development", "test", "open"],
         "cases": [4116, 7678, 6505, 9204], "outcomes": [811, 1404, 1249, None]}
    )  # fmt: skip
    attrition = pd.DataFrame(
        [("2014J", date(2014, 10, 31), a, g, 3000, 240 if i else 5)
         for a, (_, values) in GROUPS.items() for i, g in enumerate(values)],
        columns=["cohort", "as_of", "attribute", "group", "registered", "left_before"],
    )  # fmt: skip
    made = ReportContext(
        manifest=manifest,
        title=Text(en="Student support", de="Begleitung von Studierenden"),
        description=Text(en="Calls from tutors to students who may be about to leave.",
                         de="Anrufe bei Studierenden, die womöglich bald gehen."),
        words=words(),
        charter=charter(),
        credit=Text(en="Open University Learning Analytics data set, CC BY 4.0",
                    de="Datensatz der Open University (OULAD), CC BY 4.0"),
        scored=9204 if verdict == "fit" else None,
        metrics=metrics() if fitted else _empty("metrics"),
        fairness=fairness() if fitted else _empty("fairness"),
        factors=factors() if fitted else _empty("factors"),
        shapes=made_shapes.shapes() if fitted else _empty("shapes"),
        tendencies=made_shapes.tendencies() if fitted else _empty("tendencies"),
        quality=quality(),
        cohorts=cohorts,
        attrition=attrition,
        selection=tested.selection() if fitted else _empty("selection"),
        rules=tested.rules() if fitted else _empty("rules"),
        splits=tested.splits() if fitted else _empty("splits"),
        calendar=tested.calendar() if fitted else _empty("calendar"),
        basis="development splits" if fitted else None,
        points=tested.POINTS if fitted else [],
        points_scores=tested.POINTS_SCORES if fitted else [],
        uninformative=tested.UNINFORMATIVE if fitted else {},
        bands=[BandLine("low", 0.12, Text(en="low", de="niedrig")), BandLine("middle", 0.28, Text(en="middle", de="mittel")),
               BandLine("high", 0.6), BandLine("highest", 1.0, Text(en="highest", de="höchste"))],
        features=[
            FeatureLine(
                f"{key}_28d", key, 28 if i % 3 else None, "studentAssessment",
                label=Text(en=f"{en}: how many", de=f"{de}: Anzahl"),
                direction=None if direction == "mixed" else direction,
                missing=Text(en="0 when nothing happened", de="0, wenn nichts geschehen ist"),
                kind=made_shapes.KINDS[key],
            )
            for i, (key, (en, de, direction)) in enumerate(FACTORS.items())
        ],
        excluded=[Excluded(Text(en=v[0][0], de=v[0][1]), "protected") for v in GROUPS.values()],
        before=before() if fitted else None,
        programmes=programmes(verdict),
    )  # fmt: skip
    made = replace(made, **changes)
    return made if "records" in changes else replace(made, records=Records(made))


def many_days(first: date = date(2017, 1, 2), last: date = date(2024, 12, 31), **changes: Any) -> ReportContext:
    """A context in which each day is a cohort of its own: 2,920 of them, those of one year the sealed test."""
    sealed, closed = date(2023, 10, 26), last - timedelta(67)
    days = [first + timedelta(k) for k in range((last - first).days + 1)]
    frame = pd.DataFrame({"cohort": [day.isoformat() for day in days], "as_of": days})
    frame["role"] = ["open" if day > closed else "test" if day >= sealed else "train" for day in days]
    frame["cases"] = 14
    frame["outcomes"] = [None if day > closed else 2 for day in days]
    rows = []
    for name, role in (("2022-10-26", "development"), (sealed.isoformat(), "test")):
        start = date.fromisoformat(name)
        for day in days:
            part = "train" if day + timedelta(67) <= start else "test" if 0 <= (day - start).days < 366 else None
            if part and day <= closed:
                rows.append((name, None, start, role, part, str(day), day, day + timedelta(60), day + timedelta(67)))
    names = "split history as_of role part cohort cohort_as_of window_end closes_on"
    calendar = pd.DataFrame(rows, columns=names.split())
    made = context("fit")
    renamed = made.metrics.replace({"split": {made.test: sealed.isoformat()}})
    manifest = {**made.manifest, "as_of": last.isoformat()}
    manifest["deployed_model"] = {**manifest["deployed_model"], "cohort": last.isoformat()}
    frames = {"cohorts": frame, "calendar": calendar, "metrics": renamed, "manifest": manifest,
              "fairness": made.fairness.replace({"split": {made.test: sealed.isoformat()}}), "scored": 14}  # fmt: skip
    return replace(made, test_split=sealed.isoformat(), **{**frames, **changes})


REASON = text("First-year students have no records of their own yet.",
              "Über Erstsemester ist noch nichts Eigenes erfasst.")  # fmt: skip


def with_association(auc: tuple[float | None, ...] = (-0.021, -0.034, -0.009), **changes: Any) -> ReportContext:
    """A context whose first factor speaks of other people wholly and whose second partly; `auc`: what is lost."""
    made = context("fit", charter=charter(by_association={"reason": REASON}))
    rows = made.metrics[made.metrics["model"] == made.model].assign(model=without(str(made.model)))
    figures = {"auc": auc, "average_precision": (-0.01, -0.02, 0.0), "brier": (0.002, 0.001, 0.003),
               "precision_at_capacity": (-0.012, -0.03, 0.004), "recall_at_capacity": (None, None, None)}  # fmt: skip
    more = [
        ("2014B", date(2014, 3, 3), without(str(made.model)), metric + DIFFERENCE, *figure, 6505)
        for metric, figure in figures.items()
    ]
    differences = pd.DataFrame(more, columns=list(rows.columns))
    whole, partly = list(FACTORS)[:2]
    lines = [replace(line, by_association=line.factor in (whole, partly)) for line in made.features]
    lines.append(FeatureLine("own", partly, 28, "studentAssessment"))
    frames = {"metrics": pd.concat([made.metrics, rows, differences], ignore_index=True), "features": lines}
    return replace(made, **{**frames, **changes})


if __name__ == "__main__":
    for name in REASONS:
        render(Path(sys.argv[1]) / name, context(name, simulated=name == "not_fit"))
