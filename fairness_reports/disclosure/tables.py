"""The smaller tables of a release as they may leave the agency.

Belongs here: drift, mitigation, factors, shapes, tendencies, quality and decisions.
Does not belong here: figures by group (fairness), of everybody (model_figures), what may be shown of a group (counted).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from fairness_reports.audit.metrics import NO_KNOWN
from fairness_reports.audit.reasons import EXACT, MODEL_UNKNOWN, WITHHELD
from fairness_reports.disclosure.counted import Split
from fairness_reports.disclosure.fairness import Told
from fairness_reports.disclosure.figures import NORMAL, ends, records, told_size, width_step
from fairness_reports.disclosure.levels import ALL, HIDDEN, SIZE, levels_of
from fairness_reports.disclosure.profile import Profile, nice, to_step, up_to_step
from fairness_reports.spec import NOT_RECORDED, OVERALL, POOLED

Splits = Mapping[str, Split]

_FIGURES: Final = ("value", "low", "high")
_TENTHS: Final = 2.56
"""Between the tenth and the ninetieth percentile lie so many standard deviations."""
_HUNDREDTH: Final = 0.01
QUARANTINED: Final = "quarantined_share: "


def level(splits: Splits, split: str, attribute: str, group: str) -> int:
    """What may be shown of a group in a split; nothing where no cases stand behind it."""
    there = splits.get(split)
    part = None if there is None else there.parts.get(attribute)
    at = None if part is None else part.at(group)
    return HIDDEN if part is None or at is None else int(part.levels[at])


def _size(n: Any, profile: Profile) -> float:
    return np.nan if pd.isna(n) or profile.small(float(n)).any() else float(profile.count(float(n)))


def _typed(rows: list[dict[str, Any]], frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with the columns, and the types, of the frame that they were made from."""
    made = pd.DataFrame(rows, columns=list(frame.columns))
    for name in frame.columns:
        if name in ("n", "checked", "failed"):
            made[name] = made[name].astype("Float64").astype("Int64")
        elif pd.api.types.is_float_dtype(frame[name]):
            made[name] = made[name].astype("float64")
    return made


def protect_drift(
    drift: pd.DataFrame, splits: Splits, told: Told, test: str, now: str, profile: Profile
) -> pd.DataFrame:
    """Changes between two periods, in both of which the group may be shown; alarms stay."""
    kept = []
    for row in records(drift):
        metric, since, place = str(row["metric"]), str(row["since"]), (str(row["attribute"]), str(row["group"]))
        today = now if since == test else test
        needed = SIZE if metric == "group_share" else ALL
        periods = [today, *([since] if since in splits else [])]
        shown = all(level(splits, period, *place) >= needed for period in periods)
        if not shown:
            kept.append(row | dict.fromkeys(_FIGURES, np.nan) | {"n": np.nan, "reason": WITHHELD})
            continue
        if pd.isna(row["value"]):
            kept.append(row | {"n": _size(row["n"], profile)})
            continue
        figures = [told.get((period, *place, "all", metric)) for period in (today, since)]
        if figures[0] is not None and figures[1] is not None:
            value = profile.told(figures[0] - figures[1])
        else:
            value = profile.told(to_step(float(row["value"]), profile.step(float(row["n"]))))
        step = width_step(float(row["n"]), profile)
        low, high = ends(row["value"], row["low"], row["high"], value, step, share=False)
        kept.append(row | {"value": value, "low": low, "high": high, "n": _size(row["n"], profile)})
    return _typed(kept, drift)


def protect_mitigation(mitigation: pd.DataFrame, splits: Splits, profile: Profile) -> pd.DataFrame:
    """Options on development splits: groups that may be shown there, in steps."""
    kept = []
    for row in records(mitigation):
        split, attribute = str(row["split"]), str(row["attribute"])
        shown = not profile.small(float(row["n"]) if pd.notna(row["n"]) else 0.0).any()
        if attribute != OVERALL:
            shown = shown and level(splits, split, attribute, str(row["group"])) == ALL
        if str(row["comparison"]) in ("largest_gap", "change"):
            shown = shown and _all_shown(splits, split, attribute)
        if pd.isna(row["value"]) or not shown:
            reason = row["reason"] if shown and pd.notna(row["reason"]) else WITHHELD
            kept.append(row | dict.fromkeys(_FIGURES, np.nan) | {"n": np.nan, "reason": reason})
            continue
        n = float(row["n"])
        value = profile.told(to_step(float(row["value"]), profile.step(n)))
        low, high = ends(row["value"], row["low"], row["high"], value, width_step(n, profile), share=False)
        kept.append(row | {"value": value, "low": low, "high": high, "n": _size(n, profile)})
    return _typed(kept, mitigation)


def _all_shown(splits: Splits, split: str, attribute: str) -> bool:
    part = splits[split].parts.get(attribute) if split in splits else None
    return part is not None and bool((part.levels[part.counts.sum(axis=1) > 0] == ALL).all())


def protect_factors(
    factors: pd.DataFrame, splits: Splits, now: str, profile: Profile, missing_label: str = NOT_RECORDED
) -> pd.DataFrame:
    """What factors weigh by group: groups whose size may be told, in steps of their own spread."""
    kept, there = [], splits.get(now)
    for row in records(factors):
        attribute = OVERALL if pd.isna(row["attribute"]) else str(row["attribute"])
        group = OVERALL if attribute == OVERALL else missing_label if pd.isna(row["group"]) else str(row["group"])
        part = None if there is None else there.parts.get(attribute)
        at = None if part is None else part.at(group)
        if part is None or at is None or part.levels[at] == HIDDEN:
            if attribute == OVERALL:
                kept.append(row | dict.fromkeys(("importance", "mean_contribution", "low", "high", "n"), np.nan))
            continue
        n = float(part.counts[at].sum())
        # the mean size of contributions moves with one person by about their spread over n
        spread = (float(row["high"]) - float(row["low"])) * np.sqrt(n) / NORMAL
        step = nice(profile.base / n * spread) if np.isfinite(spread) else nice(profile.base / n)
        importance = profile.told(to_step(float(row["importance"]), step)) if step else row["importance"]
        low, high = row["low"], row["high"]
        if step:
            low, high = ends(row["importance"], low, high, importance, step, share=False)
        mean = profile.told(to_step(float(row["mean_contribution"]), step)) if step else row["mean_contribution"]
        told = {"importance": importance, "mean_contribution": mean, "low": max(low, 0.0), "high": high}
        kept.append(row | told | {"n": told_size(part, at, profile) if part.levels[at] == SIZE else profile.count(n)})
    return _typed(kept, factors)


def protect_shapes(shapes: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """How contributions change with a value: parts of everybody, so that one alone is never hidden."""
    rows: list[dict[str, Any]] = records(shapes.reset_index(drop=True))
    for _, places in shapes.reset_index(drop=True).groupby(["feature"], sort=False).indices.items():
        parts = [i for i in places if rows[i]["part"] != "typical"]
        hidden = _hidden_parts(rows, parts, profile)
        missing = [i for i in parts if rows[i]["part"] == "missing"]
        for i in places:
            row = rows[i]
            if i in hidden or pd.isna(row["n"]) or profile.small(float(row["n"])).any():
                nothing = dict.fromkeys(("mean_contribution", "low", "high", "n"), np.nan)
                rows[i] = row | nothing | {"reason": WITHHELD}
                continue
            n = float(row["n"])
            spread = (float(row["high"]) - float(row["low"])) / _TENTHS
            step = nice(profile.base / n * spread) if np.isfinite(spread) and spread > 0 else 0.0
            step = max(step, _HUNDREDTH)  # the ends are known in hundredths: a finer mean could lie outside of them
            told = {
                "mean_contribution": profile.told(to_step(float(row["mean_contribution"]), step)),
                "low": profile.told(-up_to_step(-float(row["low"]), step) + 0.0),
                "high": profile.told(up_to_step(float(row["high"]), step)),
            }
            # all cases with a value, less everybody, are those without one
            given_away = row["part"] == "typical" and any(i in hidden for i in missing)
            rows[i] = row | told | {"n": np.nan if given_away else float(profile.count(n))}
    return _typed(rows, shapes)


def protect_tendencies(tendencies: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Which way past cases point: shares of pairs in hundredths or coarser, so that no count of pairs comes back."""
    rows = []
    for row in records(tendencies):
        if pd.isna(row["n"]) or profile.small(float(row["n"])).any():
            nothing = dict.fromkeys(("auc", "low", "high", "n"), np.nan)
            rows.append(row | nothing | {"reason": row["reason"] if pd.notna(row["reason"]) else WITHHELD})
            continue
        n = float(row["n"])
        step = max(0.01, profile.step(n))
        told = {name: profile.told(to_step(float(row[name]), step)) for name in ("auc", "low", "high")}
        rows.append(row | told | {"n": float(profile.count(n))})
    return _typed(rows, tendencies)


def _hidden_parts(rows: list[dict[str, Any]], parts: list[int], profile: Profile) -> set[int]:
    """Parts that are hidden: the small ones, and as many of the next smallest as keep them from being found."""
    sizes = {i: float(rows[i]["n"]) if pd.notna(rows[i]["n"]) else 0.0 for i in parts}
    hidden = {i for i, n in sizes.items() if profile.small(n).any() or n == 0}
    left = sorted((n, i) for i, n in sizes.items() if i not in hidden)
    while hidden and left and (len(hidden) < 2 or sum(sizes[i] for i in hidden) < profile.minimum):
        hidden.add(left.pop(0)[1])
    return hidden


def protect_quality(quality: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Counts of rows; that no row breaks a rule is told, for `passed` says it, too."""
    rows: list[dict[str, Any]] = records(quality.reset_index(drop=True))
    few = {
        str(row["table"])
        for row in rows
        if str(row["rule"]).startswith("rows: ") and pd.notna(row["value"]) and 0 < row["value"] < profile.minimum
    }
    hidden = _hidden_groups(rows, profile)
    kept = []
    for i, row in enumerate(rows):
        rule, checked, failed = str(row["rule"]), float(row["checked"]), float(row["failed"])
        coarse = 2 * profile.minimum if str(row["table"]) in few else profile.base
        told: dict[str, Any] = {"checked": _multiple(checked, coarse, profile)}
        if i in hidden:
            told |= {"checked": np.nan, "failed": np.nan, "value": np.nan, "detail": WITHHELD}
        elif rule.startswith("rows: "):
            told |= {"value": _multiple(row["value"], coarse, profile), "failed": _few(failed, profile)}
        elif rule.startswith("k_anonymity"):
            small = pd.isna(row["value"]) or profile.small(float(row["value"])).any()
            told |= {"value": np.nan if small else float(profile.count(float(row["value"])))}
        else:
            told |= {"failed": _few(failed, profile), "value": _share_of_rows(row, failed, checked, profile)}
        kept.append(row | told)
    return _typed(kept, quality)


def _multiple(n: Any, base: int, profile: Profile) -> float:
    if pd.isna(n) or 0 < n < profile.minimum:
        return np.nan
    return float(profile.count(int(np.floor(n / base + 0.5)) * base))


def _few(failed: float, profile: Profile) -> float:
    return np.nan if 0 < failed < profile.minimum else float(profile.count(failed))


def _share_of_rows(row: Mapping[str, Any], failed: float, checked: float, profile: Profile) -> Any:
    value = row["value"]
    if pd.isna(value) or not float(value):
        return value
    count = float(value) * checked if float(value) <= 1 else float(value)
    if 0 < min(count, failed or count) < profile.minimum:
        return np.nan
    return profile.told(to_step(float(value), profile.step(checked))) if float(value) <= 1 else _few(count, profile)


def _hidden_groups(rows: list[dict[str, Any]], profile: Profile) -> set[int]:
    """Rows on the quarantined share of protected groups that must not be told."""
    found: dict[tuple[str, str], list[int]] = {}
    for i, row in enumerate(rows):
        match = re.match(rf"{QUARANTINED}(.+?) = ", str(row["rule"]))
        if match:
            found.setdefault((str(row["table"]), match[1]), []).append(i)
    hidden: set[int] = set()
    for places in found.values():
        counts = np.array(
            [[float(rows[i]["failed"]), float(rows[i]["checked"]) - float(rows[i]["failed"])] for i in places]
        )
        levels = levels_of(counts, profile, sizes=False)
        hidden |= {i for i, each in zip(places, levels, strict=True) if each != ALL}
    return hidden


def protect_decisions(decisions: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """What people decided by group: all figures of a group on the same cases, or none of them."""
    rows: list[dict[str, Any]] = records(decisions.reset_index(drop=True))
    made = decisions.reset_index(drop=True)
    shown: dict[tuple[str, str, str], dict[str, bool]] = {}
    for key, part in made.groupby(["as_of", "cases", "attribute"], sort=False):
        shown[(str(key[0]), str(key[1]), str(key[2]))] = _groups_shown(part, profile)
    unknown = {_what(row) for row in rows if row["attribute"] == OVERALL and row["reason"] in (NO_KNOWN, MODEL_UNKNOWN)}
    kept = []
    rights = [_may_be_told(row, shown) for row in rows]
    values = _shares(rows, rights, shown, profile)
    for row, right in zip(rows, rights, strict=True):
        if not right or (pd.isna(row["value"]) and not _may_say(row, unknown)):
            kept.append(row | dict.fromkeys(_FIGURES, np.nan) | {"n": np.nan, "reason": WITHHELD})
            continue
        n = float(row["n"]) if pd.notna(row["n"]) else np.nan
        told: dict[str, Any] = {"n": _size(n, profile)}
        if pd.notna(row["value"]):
            if str(row["metric"]) == "n":
                told["value"] = _size(row["value"], profile)
            else:
                told["value"] = _of_decisions(row, values, profile)
                step = width_step(n, profile)
                low, high = ends(row["value"], row["low"], row["high"], told["value"], step, share=False)
                told |= {"low": low, "high": high}
        kept.append(row | told)
    return _typed(kept, decisions)


def _may_be_told(row: Mapping[str, Any], shown: Mapping[tuple[str, str, str], Mapping[str, bool]]) -> bool:
    place = (str(row["as_of"]), str(row["cases"]))
    groups = shown[(*place, str(row["attribute"]))]
    right = groups.get(str(row["group"]), False)
    reference = str(row["reference"]) if pd.notna(row["reference"]) else None
    if reference == OVERALL:
        return right and shown.get((*place, OVERALL), {}).get(OVERALL, False)
    return right and (reference is None or groups.get(reference, False))


def _figure(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("as_of", "cases", "who", "metric"))


def _shares(
    rows: list[dict[str, Any]],
    rights: list[bool],
    shown: Mapping[tuple[str, str, str], Mapping[str, bool]],
    profile: Profile,
) -> dict[tuple[str, ...], dict[tuple[str, str], float]]:
    """Shares by attribute and group that can be true together: that of everybody lies among those of all groups.

    Groups of one attribute have one step, that of the smallest. Everybody's finer figure is moved to the nearest that
    lies among those of the groups; where attributes leave no such figure, all have the coarsest step.
    """
    exact: dict[tuple[str, ...], dict[tuple[str, str], tuple[float, float]]] = {}
    for row, right in zip(rows, rights, strict=True):
        share = row["comparison"] == "value" and row["metric"] not in ("n", "gap_change")
        if right and share and pd.notna(row["value"]) and pd.notna(row["n"]):
            place = (str(row["attribute"]), str(row["group"]))
            exact.setdefault(_figure(row), {})[place] = (float(row["value"]), profile.step(float(row["n"])))
    told = {}
    for key, figures in exact.items():
        steps: dict[str, float] = {}
        for (name, _), (_, step) in figures.items():
            steps[name] = max(step, steps.get(name, 0.0))
        whole = [name for name in steps if name != OVERALL and _every_group(shown, key, name, figures)]
        everybody = (OVERALL, OVERALL)
        for each in (steps, dict.fromkeys(steps, max(steps.values()))):
            made = {place: profile.told(to_step(value, each[place[0]])) for place, (value, _) in figures.items()}
            spans = [[made[place] for place in made if place[0] == name] for name in whole]
            low, high = max(map(min, spans), default=-np.inf), min(map(max, spans), default=np.inf)
            if everybody in made and low <= high:
                made[everybody] = min(max(made[everybody], low), high)
                break
        told[key] = made
    return told


def _every_group(
    shown: Mapping[tuple[str, str, str], Mapping[str, bool]],
    key: tuple[str, ...],
    name: str,
    figures: Mapping[tuple[str, str], object],
) -> bool:
    return all((name, group) in figures for group in shown[(key[0], key[1], name)])


def _of_decisions(
    row: Mapping[str, Any], values: Mapping[tuple[str, ...], Mapping[tuple[str, str], float]], profile: Profile
) -> float:
    """A share as `_shares` has it, a difference of two of them, any other figure in steps."""
    there = values.get(_figure(row), {})
    mine = there.get((str(row["attribute"]), str(row["group"])))
    if mine is not None and row["comparison"] == "value":
        return mine
    other = (OVERALL, OVERALL) if row["reference"] == OVERALL else (str(row["attribute"]), str(row["reference"]))
    if mine is not None and row["comparison"] == "difference" and other in there:
        return profile.told(mine - there[other])
    return profile.told(to_step(float(row["value"]), profile.step(float(row["n"]))))


def _what(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Of which figure a row speaks; a change of a gap, which everybody has none of, is known where agreement is."""
    metric = "agreement" if row["metric"] == "gap_change" else row["metric"]
    return (*(str(row[name]) for name in ("as_of", "cases", "who")), str(metric))


def _may_say(row: Mapping[str, Any], unknown: set[tuple[str, ...]]) -> bool:
    """Whether a reason may be told: one that gives a count of the group away only where nothing is known of anybody."""
    reason = str(row["reason"])
    if reason in (NO_KNOWN, MODEL_UNKNOWN) and _what(row) in unknown:
        return True
    return reason not in EXACT and not reason.startswith("fewer than")


def _groups_shown(part: pd.DataFrame, profile: Profile) -> dict[str, bool]:
    """Which groups of one attribute may be shown, from their own exact shares."""
    shares = part[(part["comparison"] == "value") & ~part["metric"].isin(["n", "gap_change"])]
    groups = [str(group) for group in dict.fromkeys(part["group"])]
    if POOLED in groups:  # it stands for its members, which are never shown
        sizes = part[(part["metric"] == "n") & part["value"].notna()]["group"].astype(str)
        groups = [group for group in groups if group == POOLED or group in set(sizes)]
    levels = np.full(len(groups), ALL)
    tables = []
    for _, rows in shares.groupby(["who", "metric"], sort=False):
        known = rows[rows["value"].notna()]
        figures = {str(row["group"]): (float(row["value"]), float(row["n"])) for row in records(known)}
        table = [figures.get(group, (0.0, 0.0)) for group in groups]
        tables.append(np.array([[round(value * n), n - round(value * n)] for value, n in table], dtype=np.float64))
    before = None
    while before is None or (before != levels).any():
        before = levels.copy()
        for counts in tables:
            if counts.any():
                levels = levels_of(counts, profile, levels, sizes=False)
    return dict(zip(groups, (levels == ALL).tolist(), strict=True))
