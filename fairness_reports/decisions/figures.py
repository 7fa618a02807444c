"""Human, model and joint decisions by group: the rows of decisions.parquet.

Belongs here: which answers count as what, the figures made of them. Every interval, minimum cell and pooled small group
is the audit's own (fairness_reports.audit). Does not belong here: reading answers (answers), sentences (reports).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairness_reports.audit import audit
from fairness_reports.audit import metrics as m
from fairness_reports.audit.grouping import by_attribute, everybody, pooled, recorded
from fairness_reports.audit.reasons import FEW_DECISIONS, MODEL_UNKNOWN, NO_VARIATION, fewer_than
from fairness_reports.bootstrap import replicate
from fairness_reports.decisions.answers import DISAGREEMENTS
from fairness_reports.spec import OVERALL, ProtectedSpec

COLUMNS: Final = (
    "as_of", "cases", "who", "attribute", "group", "metric", "comparison", "reference", "value", "low", "high", "n",
    "reason",
)  # fmt: skip
TEAM: Final = "team"
"""The attribute that stands for the team of a case."""
LIST, HUMAN, MODEL, JOINT = "list", "human", "model", "joint"
LISTED, WITHOUT, WITH = "listed", "without_score", "with_score"
WHO: Final = {WITHOUT: HUMAN, WITH: JOINT}
"""Whose decisions stand beside the model's, on the same cases."""
ANSWERED: Final = "answered_share"
AGAINST: Final = {
    "selection_rate": "selection_rate",
    "accuracy": "agreement",
    "fpr": "taken_up_unselected",
    "fnr": "not_taken_up_selected",
}
"""The audit's metrics, with the model's selection in the outcome's place, and what they are then called."""
OF_OUTCOMES: Final = ("base_rate", "tpr", "fpr", "fnr", "ppv")
GAP_CHANGE: Final = "gap_change"
DETAILS: Final = (("agreement", "taken_up_unselected", "not_taken_up_selected"), ("disagreement",))
"""Figures that are withheld together."""
REPLICATES: Final = 1000
LEAST_CASES, LEAST_KIND = 40, 5
"""A change of a gap is shown for groups with so many cases, and so many selected and not by either side. In simulated
lists its 95 % interval then held the truth in 93.5 to 100 % of samples; with 20 cases in 88 %."""

_REASONS = {m.NO_OUTCOMES: m.NONE_SELECTED, m.NO_NON_OUTCOMES: m.ALL_SELECTED, m.NO_KNOWN: MODEL_UNKNOWN}


def decided(answers: pd.DataFrame) -> pd.DataFrame:
    """Who decided what: `human` and `joint` as 1.0, 0.0 or NaN, and `answered`.

    Human is what was decided before the score was seen (`seen_before_deciding` is no), else the view that a blind list
    asked for: `higher` counts as would take up, `average` and `lower` as would not, `cannot_say` as no view. Joint is
    what was decided after the score had been seen. With a blind list one case has both.

    Parameters
    ----------
    answers : DataFrame
        view_before, seen_before_deciding, taken_up (bool or missing).

    Returns
    -------
    DataFrame
        On the same index.
    """
    taken = answers["taken_up"].map({True: 1.0, False: 0.0}).astype(np.float64)
    view = answers["view_before"].map({"higher": 1.0, "average": 0.0, "lower": 0.0}).astype(np.float64)
    seen = answers["seen_before_deciding"]
    human = taken.where(seen == "no").fillna(view)
    return pd.DataFrame({"human": human, "joint": taken.where(seen == "yes"), "answered": taken.notna()})


def decisions(
    answers: pd.DataFrame,
    protected: ProtectedSpec,
    *,
    minimum_cell: int = 10,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> pd.DataFrame:
    """What people decided, with and without the score, beside the model's own selection, by group.

    Parameters
    ----------
    answers : DataFrame
        One row per listed case and day: as_of, case_id, cluster_id, outcome (1, 0 or missing), model_selected and
        taken_up (bool or missing), view_before, seen_before_deciding, disagreement, a column per protected attribute,
        and `team` where cases have one. No column names a worker.
    protected : ProtectedSpec
        The attributes; they are not crossed here.
    minimum_cell : int
        A figure that rests on fewer cases is left out, with the reason; such cases stay in all totals.
    seed : int
        Seed of the bootstrap. Same seed and rows, in whatever order, same figures.
    replicates : int
        Bootstrap replicates.

    Returns
    -------
    DataFrame
        `COLUMNS`. `cases` says which ones: `listed` (who: list), decided `without_score` (human, and the model on the
        same cases) or `with_score` (joint, and the model).
    """
    if answers.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    names = list(protected.attributes)
    if TEAM in answers.columns and TEAM not in names and answers[TEAM].notna().any():
        names.append(TEAM)
    spec = ProtectedSpec(attributes=names, intersections="none", missing_label=protected.missing_label)
    ordered = answers.sort_values(["as_of", "case_id"], kind="stable").reset_index(drop=True)
    rows = pd.concat([ordered, decided(ordered)], axis=1)
    rows["model"] = rows["model_selected"].map({True: 1.0, False: 0.0}).astype(np.float64)
    pieces = []
    rows["as_of"] = pd.to_datetime(rows["as_of"]).dt.date
    for day in sorted(set(rows["as_of"])):
        one = rows[rows["as_of"] == day].reset_index(drop=True)
        made = _Day(one, spec, minimum_cell, seed, replicates, day.isoformat())
        pieces += [piece.assign(as_of=day) for piece in made.pieces()]
    table = pd.concat(pieces, ignore_index=True)[list(COLUMNS)]
    table["n"] = table["n"].astype("Int64")
    return table


class _Day:
    """The lists of one day."""

    def __init__(
        self, rows: pd.DataFrame, spec: ProtectedSpec, minimum: int, seed: int, replicates: int, day: str
    ) -> None:
        self._rows, self._spec, self._minimum = rows, spec, minimum
        self._seed, self._replicates, self._day = seed, replicates, day

    def pieces(self) -> list[pd.DataFrame]:
        """Rows about the list, about decisions without the score, and with it."""
        answered = self._rows["answered"].astype(float)
        listed = self._audited(self._rows, answered, None, {"selection_rate": ANSWERED})
        found = [listed.assign(cases=LISTED, who=LIST)]
        for cases, who in WHO.items():
            part = self._rows[self._rows[who].notna()].reset_index(drop=True)
            if not part.empty:
                found += [piece.assign(cases=cases) for piece in self._compared(part, who)]
        return found

    def _compared(self, part: pd.DataFrame, who: str) -> list[pd.DataFrame]:
        both = self._audited(part, part[who], part["model"], {**AGAINST, "base_rate": MODEL}).assign(who=who)
        both["reason"] = both["reason"].replace(_REASONS)
        of_model = both["metric"] == MODEL
        both.loc[of_model, "who"] = MODEL
        both.loc[of_model, "metric"] = "selection_rate"
        found = [both, self._changes(part, who, both)]
        disagreed = part["disagreement"].notna().astype(float)
        found.append(self._audited(part, disagreed, None, {"selection_rate": "disagreement"}).assign(who=who))
        for code in DISAGREEMENTS if disagreed.any() else ():
            named = self._audited(
                part, (part["disagreement"] == code).astype(float), None, {"selection_rate": f"disagreement[{code}]"}
            )
            found.append(self._counted(named[named["attribute"] == OVERALL].assign(who=who)))
        if part["outcome"].notna().any():
            same = dict(zip(OF_OUTCOMES, OF_OUTCOMES, strict=True))
            found.append(self._audited(part, part[who], part["outcome"], same).assign(who=who))
            known = part[part["model"].notna()].reset_index(drop=True)
            if not known.empty:
                found.append(self._audited(known, known["model"], known["outcome"], same).assign(who=MODEL))
        table = pd.concat(found, ignore_index=True)
        self._withhold_rare(table, who)
        # the number of cases is the same in each: said once
        return [table.drop_duplicates(["who", "attribute", "group", "metric", "comparison"], ignore_index=True)]

    def _withhold_rare(self, table: pd.DataFrame, who: str) -> None:
        """Withhold, for a whole attribute, details of which one group has too few of a kind.

        How often people and model differ tells of single cases long before how many either took up; left in, disclosure
        control would have to take the rates out with it. All groups of the attribute, for one follows from the others.
        """
        count = table["value"] * table["n"].astype(np.float64)
        least = np.minimum(count, table["n"].astype(np.float64) - count).round()
        for metrics in DETAILS:
            own = table["metric"].isin(metrics) & (table["who"] == who)
            few = own & (table["comparison"] == "value") & (least < self._minimum)
            hidden = own & table["attribute"].isin(set(table.loc[few, "attribute"]))
            table.loc[hidden, ["value", "low", "high"]] = np.nan
            table.loc[hidden, "reason"] = fewer_than(self._minimum)

    def _counted(self, shares: pd.DataFrame) -> pd.DataFrame:
        """Shares that are withheld where they are of fewer answers than the minimum cell, zero included."""
        few = (shares["value"] * shares["n"].astype(np.float64)).round() < self._minimum
        few &= shares["metric"] != "n"
        shares.loc[few, ["value", "low", "high"]] = np.nan
        shares.loc[few, "reason"] = fewer_than(self._minimum)
        return shares

    def _audited(
        self, part: pd.DataFrame, selected: pd.Series, outcome: pd.Series | None, called: Mapping[str, str]
    ) -> pd.DataFrame:
        """The audit of a selection, with some of its metrics under other names."""
        frame = part[["case_id", "cluster_id"]].assign(
            split=self._day,
            selected=selected.astype(bool),
            outcome=np.nan if outcome is None else outcome.astype(np.float64),
            treated=False,  # here decisions are looked at, not a model
        )
        frame = pd.concat([frame, part[[name for name in self._spec.attributes if name in part.columns]]], axis=1)
        table = audit(
            frame, None, self._spec, minimum_cell=self._minimum, seed=self._seed, replicates=self._replicates
        )  # fmt: skip
        table = table[(table["band"] == "all") & table["comparison"].isin(["value", "difference"])]
        table = table[table["metric"].isin(["n", *called])].copy()
        table["metric"] = table["metric"].replace(dict(called))
        return table[[name for name in COLUMNS if name in table.columns and name != "as_of"]]

    def _changes(self, part: pd.DataFrame, who: str, both: pd.DataFrame) -> pd.DataFrame:
        """By how much people made the gap of each group to everybody wider (above 0) or narrower than the model.

        The size of the gap in selection rates as people decided, less its size as the model would have selected, on the
        same cases; percentiles of a bootstrap of whole clusters. Given only where both gaps are.
        """
        known = part[part["model"].notna()].reset_index(drop=True)
        shown = both[(both["metric"] == "selection_rate") & (both["comparison"] == "difference")]
        frames = []
        for name in self._spec.attributes:
            gaps = shown[shown["attribute"] == name]
            told = gaps[gaps["who"] == who].drop(columns=["who"]).assign(metric=GAP_CHANGE, comparison="value")
            models = gaps[gaps["who"] == MODEL].set_index("group")
            why = [
                mine if isinstance(mine, str) else models["reason"].get(group)
                for mine, group in zip(told["reason"], told["group"], strict=True)
            ]
            told["reason"] = pd.Series(why, index=told.index, dtype=object)
            told[["value", "low", "high"]] = np.nan
            usable = set(gaps[gaps["value"].notna() & (gaps["who"] == who)]["group"])
            usable &= set(models[models["value"].notna()].index)
            for group, figures in self._bootstrapped(known, who, name, sorted(usable)).items():
                at = told["group"] == group
                if isinstance(figures, str):
                    told.loc[at, "reason"] = figures
                else:
                    told.loc[at, ["value", "low", "high"]] = figures
            frames.append(told.assign(who=who))
        return pd.concat(frames, ignore_index=True) if frames else shown.iloc[:0]

    def _bootstrapped(
        self, known: pd.DataFrame, who: str, name: str, wanted: Sequence[str]
    ) -> dict[str, tuple[float, float, float] | str]:
        """Value and limits of each group, or why there are none."""
        import scipy.sparse as sp

        if not wanted:
            return {}
        labels = recorded(known[name], self._spec.missing_label)
        groups = pooled(by_attribute(name, labels, self._spec.missing_label), self._minimum)
        cluster, clusters = _coded(known["cluster_id"])
        columns = np.column_stack([np.ones(len(known)), known["model"], known[who]])
        entries: list[tuple[int, tuple[NDArray[Any], ...]]] = []
        for each in (everybody(len(known)), groups):
            values, of = each.of(np.arange(len(known))), each.codes
            for k in range(columns.shape[1]):
                start = sum(size for size, _ in entries)
                entries.append((each.size, (columns[values, k], of + start, cluster[values])))
        size = sum(each for each, _ in entries)
        data, row, column = (np.concatenate([part[k] for _, part in entries]) for k in range(3))
        sums = sp.csr_array(sp.coo_array((data, (row, column)), shape=(size, clusters)))
        totals = np.asarray(sums.sum(axis=1)).reshape(1, -1)
        seed = [self._seed, zlib.crc32(f"{self._day} {who} {name}".encode())]
        point = _change(totals, groups.size)[0]
        drawn = _change(replicate(sums, self._replicates, seed), groups.size)
        result: dict[str, tuple[float, float, float] | str] = {}
        cases, *sides = totals[0, 3:].reshape(3, groups.size)
        kinds = np.min([each for side in sides for each in (side, cases - side)], axis=0)
        for group in wanted:
            at = groups.labels.index(group)
            if cases[at] < LEAST_CASES or kinds[at] < LEAST_KIND:
                result[group] = FEW_DECISIONS
                continue
            low, high = np.nanpercentile(drawn[:, at], [2.5, 97.5])
            # an interval without length pretends to know
            result[group] = (float(point[at]), float(low), float(high)) if high - low > 1e-12 else NO_VARIATION
        return result


def _coded(clusters: pd.Series) -> tuple[NDArray[np.int64], int]:
    codes, names = pd.factorize(clusters.astype(str), sort=True)
    return codes.astype(np.int64), len(names)


def _change(sums: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """|people's gap| less |the model's gap| of each group: sums of cases, model, people of all, then of each group."""
    everyone, rest = sums[:, :3], sums[:, 3:].reshape(len(sums), 3, groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = rest[:, 1:] / rest[:, [0]] - (everyone[:, 1:] / everyone[:, [0]])[:, :, None]
    return np.asarray(np.abs(gaps[:, 1]) - np.abs(gaps[:, 0]), dtype=np.float64)
