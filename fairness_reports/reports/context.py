"""What the pages of a release are made from.

Belongs here: the one dataclass that a run fills, and how its frames are laid out.
Does not belong here: words (language), figures (audit, models), layout (templates).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from fairness_reports.charter import Charter
from fairness_reports.identification import ObservationSpec
from fairness_reports.reports.standing import Before, ProgrammeLine
from features.words import Text, Words


@dataclass(frozen=True)
class BandLine:
    """One band of scores, from the one before up to, not including, `up_to`.

    Parameters
    ----------
    name : str
        Its name in programme.yaml and in scores.parquet.
    up_to : float
        Its upper end; the last one's is 1.
    label : Text, optional
        What it is called; without it the words of words.yaml, or its name, are shown.
    """

    name: str
    up_to: float
    label: Text | None = None


@dataclass(frozen=True)
class FeatureLine:
    """One feature, for the model card and the page of explanations.

    Parameters
    ----------
    name : str
        Its name in the pack.
    factor : str
        The factor whose words it has.
    look_back_days : int, optional
        How far back it looks; None when it has no limit or is no event.
    source : str, optional
        The source table.
    by_association : bool
        Whether it takes records about other people than the case's own person.
    label : Text, optional
        What it is called; its name is shown without one.
    direction : {"up", "down"}, optional
        What practice expected before any model was made.
    missing : Text, optional
        What stands in its cell where there is nothing.
    kind : str, optional
        Its kind (features.kinds), which tells the unit of its values.
    attribute : str, optional
        The attribute that it reads, for the words of its categories.
    filler : float, optional
        The number that the pack puts in its cell where nothing happened; None for 0, which may be counted.
    """

    name: str
    factor: str
    look_back_days: int | None = None
    source: str | None = None
    by_association: bool = False
    label: Text | None = None
    direction: str | None = None
    missing: Text | None = None
    kind: str | None = None
    attribute: str | None = None
    filler: float | None = None


@dataclass(frozen=True)
class Excluded:
    """Something recorded that the model does not see.

    Parameters
    ----------
    label : Text or str
        What.
    why : str
        A key of the catalogue: protected, proxy, entrusted, dropped.
    """

    label: Text | str
    why: str


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """Rows with their columns as attributes, typed as what they are to a reader: anything."""
    return list(frame.itertuples())


_MINIMUM_CELL = 10  # where no charter says otherwise


_COLUMNS = {
    "metrics": "split as_of model metric value low high n",
    "fairness": "split as_of attribute group band metric comparison reference value low high n identification"
    " bound_low bound_high state confirmatory needed_n detectable_gap tipping_point reason",
    "factors": "factor attribute group importance direction mean_contribution low high n",
    "shapes": "factor feature position part value_from value_to category mean_contribution low high n reason",
    "tendencies": "factor feature auc low high n reason",
    "quality": "table rule checked failed severity passed value detail",
    "cohorts": "cohort as_of role cases outcomes",
    "cohort_spans": "grain role first last days cohorts cases outcomes",
    "attrition": "cohort as_of attribute group registered left_before",
    "selection": "candidate auc behind_best within_margin splits",
    "rules": "rule picked mean_regret worst_regret splits",
    "splits": "split as_of role history design train_cohorts test_cohorts train_rows purged purged_share test_rows",
    "calendar": "split history as_of role part cohort cohort_as_of window_end closes_on",
}


def _empty(name: str) -> pd.DataFrame:
    return pd.DataFrame(columns=_COLUMNS[name].split())


@dataclass(frozen=True)
class ReportContext:
    """Everything that the pages of one release say.

    Parameters
    ----------
    manifest : mapping
        As in manifest.json, at least: programme, release_id, as_of, verdict, reasons (list of {code, text: {en, de},
        threshold, value, low, high}). Also used where present: met (as reasons), code_version, charter_hash,
        config_hash, audited_model, deployed_model (name, content_hash, change_in_scores), created_at, inputs,
        told_again (list of {split, attribute, of}).
    title, description : Text
        Of the programme.
    words : Words
        Of the programme.
    charter : Charter, optional
        Thresholds, owner and the fields of the model card. None for a check of a pack without one.
    credit : Text, optional
        Source credit line.
    simulated : bool
        Whether every page says that the data are simulated.
    scored : int, optional
        Cases with a score in this release; None when none are published.
    test_split : str, optional
        Name of the sealed test in `metrics` and `fairness`; by default the last by as_of.
    metrics, fairness, factors, shapes, tendencies, quality : DataFrame
        As in the release's tables; `quality` as data_contracts.quality makes it. Overall rows of `fairness` and
        `factors` have no attribute (null, "", "overall").
        In `fairness` crossed attributes and their groups are joined by fairness_reports.spec.JOIN; overall rows with a
        band give the observed share per band. In `metrics`, `auc[returning]` and `auc[new]` speak of returning persons
        and of new ones; models.ablation adds the model without records about other people.
    cohorts : DataFrame
        cohort, as_of, role (train | development | test | unused | since | open), cases, outcomes (null where not known
        yet).
    bands : sequence of BandLine
        From the lowest to the highest: names for the bands that the audit measured.
    cohort_spans : DataFrame
        From reports.spans: sums over many cohorts by month, year and role, of exact numbers.
    attrition : DataFrame
        cohort, as_of, attribute, group, registered, left_before.
    selection, rules, splits : DataFrame
        As models.selection and models.backtest make them: how the training that the release rests on chose.
    calendar : DataFrame
        From models.splits.split_calendar, for the picture of that training's splits.
    basis : str, optional
        What the choice rests on (models.selection.Selection.basis).
    points : sequence of mapping
        Statements of a points list: feature, category, comparison, cut, points; empty for other models.
    points_scores : sequence of mapping
        total, score, low, high of every total of that list.
    uninformative : mapping of str to int
        By reason, how many scores are not informative; the pages hide small numbers.
    features : sequence of FeatureLine
        What the model sees.
    excluded : sequence of Excluded
        What it does not see.
    mitigation : DataFrame, optional
        As in the release's table: the options that were compared; None where nothing was.
    earlier : DataFrame, optional
        Judged rows of earlier releases with a column `release_id`, oldest first.
    drift : DataFrame, optional
        As fairness_reports.drift makes it.
    decisions : DataFrame, optional
        As fairness_reports.decisions makes it; None where no answers were read.
    observation : ObservationSpec, optional
        Who gets an outcome; None where nobody has declared it.
    rule : Text, optional
        How cases were selected, where no charter says so.
    least : int, optional
        The minimum cell, where no charter says it.
    horizon : str, optional
        How far ahead the outcome is looked for, as programme.yaml says it: `90d` or `planned_end`.
    before : Before, optional
        The release of an earlier day that this one is compared with; None where there is none.
    programmes : sequence of ProgrammeLine
        All programmes of the home as they stood when the release was made, this one included.
    rule_labels : mapping of (str, str) to Text
        By table and name, what rules are called that the contract names.
    records : mapping, optional
        The public records (fairness_reports.transparency.records), for their page.
    """

    manifest: Mapping[str, Any]
    title: Text
    words: Words
    description: Text | None = None
    charter: Charter | None = None
    credit: Text | None = None
    simulated: bool = False
    scored: int | None = None
    test_split: str | None = None
    metrics: pd.DataFrame = field(default_factory=lambda: _empty("metrics"))
    fairness: pd.DataFrame = field(default_factory=lambda: _empty("fairness"))
    factors: pd.DataFrame = field(default_factory=lambda: _empty("factors"))
    shapes: pd.DataFrame = field(default_factory=lambda: _empty("shapes"))
    tendencies: pd.DataFrame = field(default_factory=lambda: _empty("tendencies"))
    quality: pd.DataFrame = field(default_factory=lambda: _empty("quality"))
    cohorts: pd.DataFrame = field(default_factory=lambda: _empty("cohorts"))
    cohort_spans: pd.DataFrame = field(default_factory=lambda: _empty("cohort_spans"))
    attrition: pd.DataFrame = field(default_factory=lambda: _empty("attrition"))
    selection: pd.DataFrame = field(default_factory=lambda: _empty("selection"))
    rules: pd.DataFrame = field(default_factory=lambda: _empty("rules"))
    splits: pd.DataFrame = field(default_factory=lambda: _empty("splits"))
    calendar: pd.DataFrame = field(default_factory=lambda: _empty("calendar"))
    basis: str | None = None
    points: Sequence[Mapping[str, Any]] = ()
    points_scores: Sequence[Mapping[str, Any]] = ()
    uninformative: Mapping[str, int] = field(default_factory=dict)
    bands: Sequence[BandLine] = ()
    features: Sequence[FeatureLine] = ()
    excluded: Sequence[Excluded] = ()
    mitigation: pd.DataFrame | None = None
    earlier: pd.DataFrame | None = None
    drift: pd.DataFrame | None = None
    decisions: pd.DataFrame | None = None
    observation: ObservationSpec | None = None
    rule: Text | None = None
    least: int | None = None
    horizon: str | None = None
    before: Before | None = None
    programmes: Sequence[ProgrammeLine] = ()
    rule_labels: Mapping[tuple[str, str], Text] = field(default_factory=dict)
    records: Mapping[str, Any] | None = None

    @property
    def programme(self) -> str:
        """Name of the programme."""
        return str(self.manifest["programme"])

    @property
    def release_id(self) -> str:
        """Id of the release."""
        return str(self.manifest["release_id"])

    @property
    def verdict(self) -> str | None:
        """fit, not_fit, not_auditable, descriptive_only; None for a delivery that was only checked."""
        verdict = self.manifest.get("verdict")
        return None if verdict is None else str(verdict)

    @property
    def as_of(self) -> date | None:
        """The day that the run speaks of."""
        value = self.manifest.get("as_of")
        if value is None or isinstance(value, date):
            return value
        return date.fromisoformat(str(value)[:10])

    @property
    def minimum_cell(self) -> int:
        """Figures on fewer cases are not shown."""
        return self.charter.minimum_cell if self.charter is not None else self.least or _MINIMUM_CELL

    @cached_property
    def test(self) -> str | None:
        """Name of the sealed test."""
        dated = self.metrics.dropna(subset=["as_of"])  # pooled splits have no day
        if self.test_split is not None or dated.empty:
            return self.test_split
        return str(dated.sort_values(["as_of", "split"], kind="stable")["split"].iloc[-1])

    @property
    def model(self) -> str | None:
        """Name of the audited model in `metrics`."""
        audited = self.manifest.get("audited_model") or {}
        return str(audited["name"]) if audited.get("name") else None

    def split_metrics(self, split: str | None, model: str | None = None) -> dict[str, Any]:
        """Rows of `metrics` for a split and a model (the audited one by default), by metric."""
        return dict(self._by_metric.get((split, model or self.model), {}))

    @cached_property
    def _by_metric(self) -> dict[Any, dict[str, Any]]:
        """Every row of `metrics`, by split and model: pages ask for them again and again."""
        found: dict[Any, dict[str, Any]] = {}
        for row in rows_of(self.metrics):
            found.setdefault((row.split, row.model), {})[row.metric] = row
        return found

    def test_metrics(self, model: str | None = None) -> dict[str, Any]:
        """Rows of `metrics` for the test and a model (the audited one by default), by metric."""
        return self.split_metrics(self.test, model)

    @cached_property
    def development(self) -> list[str]:
        """Names of the development splits on which candidates were compared, oldest first."""
        dated = self.metrics.dropna(subset=["as_of"])
        rows = dated[(dated["model"] == self.model) & (dated["split"] != self.test) & (dated["metric"] == "auc")]
        return [str(name) for name in rows.sort_values(["as_of", "split"], kind="stable")["split"].unique()]

    @property
    def pooled(self) -> str | None:
        """The split that stands for all development: the pooled one, or the only one; None without any."""
        if "development" in set(self.metrics["split"]) and len(self.development) > 1:
            return "development"
        return self.development[-1] if self.development else None

    @cached_property
    def audited(self) -> pd.DataFrame:
        """`fairness` with every column of the audit: a release that older code made has fewer."""
        made = self.fairness
        return made.assign(**{name: None for name in _COLUMNS["fairness"].split() if name not in made.columns})

    def test_fairness(self) -> pd.DataFrame:
        """Rows of `fairness` for the test, with every column of the audit."""
        made = self.audited
        return made[made["split"] == self.test] if self.test is not None else made
