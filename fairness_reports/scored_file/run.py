"""The audit of a scored table that somebody else made: from a file to rows, and what has to be said of them.

Belongs here: the way from the named columns to `fairness_reports.audit.audit`, the description of what was done.
Does not belong here: single steps (the modules beside this one), writing (results).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd

from fairness_reports.audit import audit
from fairness_reports.scored_file import values
from fairness_reports.scored_file.protected import few, round_edges, rule_of_top, safe_about, safe_table, share_of
from fairness_reports.scored_file.reading import ForeignTable, read_columns
from fairness_reports.scored_file.request import AuditRequest, Top
from fairness_reports.scored_file.selection import Cut, above_threshold, within_top
from fairness_reports.scored_file.sentences import Number, both, note
from fairness_reports.spec import JOIN, NOT_RECORDED, OVERALL, ProtectedSpec

ONE_PERIOD: Final = "all"
"""Name of the split where the file has no periods."""
MOST_CROSSED: Final = 1_000
"""Groups that crossed attributes may make."""


@dataclass(frozen=True)
class Audited:
    """An audit and what it rests on.

    Attributes
    ----------
    table : pandas.DataFrame
        Rows as in fairness.parquet.
    about : dict of str to object
        What was audited, for audit.json, the reports and the terminal: plain values, none of them of a row.
    """

    table: pd.DataFrame
    about: dict[str, Any]


def audit_table(request: AuditRequest) -> Audited:
    """Audit a scored table.

    Parameters
    ----------
    request : AuditRequest
        What was asked for.

    Returns
    -------
    Audited

    Raises
    ------
    data_contracts.errors.UsageError
        For everything that the user can mend.
    """
    request.check()
    rules, wanted = request.rules, request.minimum_cell
    if rules is not None:
        request = replace(request, minimum_cell=rules.minimum)
    source = read_columns(request.file, [name for _, name in request.roles()])
    frame, scores, cuts, notes = _cases(request, source)
    if rules is not None and wanted < rules.minimum and wanted != AuditRequest.minimum_cell:  # the default asks nothing
        notes.append(note("minimum_of_rules", wanted=wanted, minimum=rules.minimum))
    names = {attribute: values.group_names(source.columns[attribute]) for attribute in request.by}
    groups = {
        attribute: dict(Counter(NOT_RECORDED if name is None else str(name) for name in column))
        for attribute, column in names.items()
    }
    notes += [note("never_recorded", name=each) for each in request.by if set(groups[each]) == {NOT_RECORDED}]
    notes += [
        note("renamed", name=each, group=group, shown=values.plain_name(group))
        for each in request.by
        for group in values.renamed(source.columns[each])
    ]
    references = values.references(request.references, groups, request.minimum_cell)
    # attributes go by names of our own: a column may be called `score`, or have the sign that joins crossed ones
    alias = {attribute: f"attribute{number}" for number, attribute in enumerate(request.by)}
    for attribute, column in names.items():
        frame[alias[attribute]] = column
    crossed, left_out = _crossed(request, frame, alias)
    notes += left_out
    spec = ProtectedSpec(attributes=list(alias.values()), intersections=crossed or "none")
    bands = None if rules is None else round_edges(frame)
    table = audit(
        frame,
        None,
        spec,
        minimum_cell=request.minimum_cell,
        seed=request.seed,
        replicates=request.replicates,
        bands=bands,
        references={alias[attribute]: group for attribute, group in references.items()},
    )
    made = None if rules is None else safe_table(table, frame, spec, rules, bands)
    table = table if made is None else made.frames["fairness"]
    shown = {name: _attribute_name(attribute) for attribute, name in alias.items()}
    table["attribute"] = [
        JOIN.join(shown.get(part, part) for part in str(name).split(JOIN)) for name in table["attribute"]
    ]
    notes.append(note("undeclared"))
    about = _about(request, source, frame, scores, cuts)
    about |= {
        "attributes": {shown[alias[name]]: {"column": name, "groups": len(groups[name])} for name in request.by},
        "intersections": [JOIN.join(shown[part] for part in parts) for parts in crossed],
        "references": {shown[alias[attribute]]: group for attribute, group in references.items()},
    }
    if rules is None or made is None:
        return Audited(table, about | {"notes": [*notes, note("restricted")], "disclosure": None})
    return Audited(table, safe_about(about, notes, table, made.summary, rules))


def _cases(
    request: AuditRequest, source: ForeignTable
) -> tuple[pd.DataFrame, values.Scores | None, list[Cut], list[dict[str, str]]]:
    """The cases as the audit wants them, and what there is to say of them."""
    columns, rows = source.columns, source.rows
    notes = [note("repeated", name=name) for name in source.repeated]
    positives = values.Named(request.positive, [name for _, name in request.roles()])
    unknown = values.Named(request.unknown, [request.outcome], "--unknown")
    outcome = values.yes_no(values.without(columns[request.outcome], unknown), positives, "--outcome")
    unknown.check()
    scores = values.scores(columns[request.score], request.score_is) if request.score is not None else None
    split = np.full(rows, ONE_PERIOD, dtype=object)
    if request.split is not None:
        split = values.periods(columns[request.split])
    numbered = np.array([f"{number:09d}" for number in range(1, rows + 1)], dtype=object)
    case_id = numbered if request.case is None else values.case_ids(columns[request.case], split)
    cuts: list[Cut] = []
    if request.decision is not None:
        selected = values.known_for_all(columns[request.decision], positives, "--decision")
    elif request.at is not None and scores is not None:
        selected = above_threshold(scores.values, request.at)
    elif request.top is not None and scores is not None:
        selected, cuts = within_top(scores.values, case_id, split.tolist(), request.top)
    positives.check()
    frame = pd.DataFrame({"split": split, "case_id": case_id, "selected": selected, "outcome": outcome})
    if scores is None:
        notes.append(note("no_score"))
    else:
        frame["score"] = scores.for_audit()
        if scores.kind == "rank":
            notes.append(note(f"rank_{scores.why}"))
        if frame["score"].nunique() == 1:
            notes.append(note("constant"))
    if request.cluster is None:
        notes.append(note("independent"))
    else:
        frame["cluster_id"], alone = values.clusters(columns[request.cluster], numbered)
        notes += [note("no_cluster", n=few(alone, request))] if alone else []
    if request.shown is not None:
        frame["treated"] = values.known_for_all(columns[request.shown], positives, "--shown")
        treated = int(frame["treated"].sum())
        notes += [note("shown", n=few(treated, request))] if treated else []
    notes += _about_cases(request, frame) + _about_cuts(request, cuts)
    return frame, scores, cuts, notes


def _about_cases(request: AuditRequest, frame: pd.DataFrame) -> list[dict[str, str]]:
    """What the outcomes and the selection do not allow."""
    rows, known, least = len(frame), frame["outcome"].dropna(), request.minimum_cell
    notes = []
    if rows < least:
        notes.append(note("few_rows", n=least))
    if len(known) == 0:
        notes.append(note("all_unknown"))
    elif rows >= least:
        unknown = rows - len(known)
        if unknown:
            notes.append(note("unknown", n=few(unknown, request), share=share_of(unknown, rows, request)))
        if known.nunique() == 1:
            notes.append(note("only_outcomes" if known.iloc[0] == 1 else "no_outcomes"))
    if rows >= least and frame["selected"].nunique() == 1:
        notes.append(note("all_selected" if frame["selected"].iloc[0] else "none_selected"))
    return notes


def _about_cuts(request: AuditRequest, cuts: list[Cut]) -> list[dict[str, str]]:
    notes = [note("reaches_all", split=cut.split) for cut in cuts if cut.selected == cut.cases]
    tied = [cut for cut in cuts if cut.tied]
    notes += [
        note("tied", split=cut.split, tied=few(cut.tied, request), placed=few(cut.placed, request)) for cut in tied
    ]
    return notes + ([note("tied_by_row")] if tied and request.case is None else [])


def _crossed(
    request: AuditRequest, frame: pd.DataFrame, alias: dict[str, str]
) -> tuple[list[list[str]], list[dict[str, str]]]:
    """Which attributes are crossed, and what is said of those that would make too many groups."""
    sizes = {"none": (), "pairs": (2,), "triples": (2, 3)}[request.intersections]
    kept, notes = [], []
    for size in sizes:
        for parts in combinations(request.by, size):
            columns = [alias[part] for part in parts]
            found = len(frame[columns].fillna(NOT_RECORDED).drop_duplicates())
            if found > MOST_CROSSED:
                notes.append(note("not_crossed", name=JOIN.join(map(_attribute_name, parts)), n=found))
            else:
                kept.append(columns)
    return kept, notes


def _attribute_name(column: str) -> str:
    """The name of a column as that of an attribute."""
    name = values.plain_name(column.replace("×", "x"))
    return f"{column} (column)" if column == OVERALL else name


def _about(
    request: AuditRequest, source: ForeignTable, frame: pd.DataFrame, scores: values.Scores | None, cuts: list[Cut]
) -> dict[str, Any]:
    rule: dict[str, Any]
    if request.decision is not None:
        rule = {"rule": "decision", "column": request.decision}
        words = both("told", "decision", column=request.decision)
    elif request.at is not None:
        rule = {"rule": "threshold", "at": request.at}
        words = both("told", "threshold", at=Number(request.at))
    else:
        top = request.top or Top()
        rule, words = rule_of_top(top, request)
        rule["ties"] = [{"split": cut.split, **_hidden(cut, request)} for cut in cuts if cut.tied]
    single = ("outcome", "score", "decision", "cluster", "case", "split", "shown")
    columns: dict[str, Any] = {role: getattr(request, role) for role in single if getattr(request, role) is not None}
    return {
        "plumbline_version": version("plumbline"),
        "file": source.about,
        "rows": len(frame),
        "splits": sorted(set(frame["split"])),
        "clusters": int(frame["cluster_id"].nunique()) if "cluster_id" in frame else None,
        "columns": columns | {"by": list(request.by)},
        "positive": list(request.positive),
        "unknown": list(request.unknown),
        "score_is": scores.kind if scores is not None else None,
        "selection": rule | {"words": words},
        "minimum_cell": request.minimum_cell,
        "seed": request.seed,
        "replicates": request.replicates,
    }


def _hidden(cut: Cut, request: AuditRequest) -> dict[str, int | None]:
    """Numbers of the tied, none below the minimum cell."""
    told = {"tied": few(cut.tied, request), "placed": few(cut.placed, request)}
    return {name: None if count.value < count.minimum else count.value for name, count in told.items()}
