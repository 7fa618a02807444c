"""The command `splits`: how the past is cut, as text and as a picture, before anything is trained.

Belongs here: cohorts from the home's warehouse or, where nothing was delivered, from the calendar; telling them.
Does not belong here: which cohorts train and test (models.split_plan), the picture (fairness_reports).
"""

from __future__ import annotations

import datetime as dt
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from data_contracts.errors import PlumblineError, UsageError
from fairness_reports.language import Language
from fairness_reports.reports.split_picture import cohort_words, role_words, svg_file
from models.cohorts import as_of_dates
from models.spec import Cadence
from models.split_plan import Cohort, calendar_rows, plan, split_names
from models.splits import split_calendar
from pipelines.packs import Pack, load_pack
from pipelines.resources import hold
from pipelines.settings import Home

_NAME, _WIDE = 24, 72  # letters of a split's name, and of its line of time
_COHORTS = """
SELECT c.cohort, c.as_of, c.cluster_id, o.window_end, o.closes_on, o.outcome_known_at, o.outcome::DOUBLE AS outcome
FROM cohort."case" c JOIN outcomes.outcome o
  ON o.programme = c.programme AND o.cohort = c.cohort AND o.as_of = c.as_of AND o.case_id = c.case_id {main}
WHERE c.programme = ? ORDER BY c.as_of, c.cohort, c.case_id"""


def show_splits(home: Home, programme: str, out: Path | None, code: str, today: dt.date | None = None) -> str:
    """Tell the splits of a programme, and draw them.

    Parameters
    ----------
    home : Home
        Its warehouse is read only, and left alone while a run writes.
    programme : str
        Built-in name or path of a pack.
    out : Path, optional
        An SVG file to write.
    code : {"en", "de"}
        Language.
    today : date, optional
        Until when a calendar goes, where nothing was delivered; by default the day itself.

    Returns
    -------
    str
        The text.

    Raises
    ------
    UsageError
        When there are no cohorts, and no calendar that says when there will be; when `out` is no SVG file.
    """
    pack, language = load_pack(programme), Language(code)
    if out is not None and out.suffix.lower() != ".svg":
        raise UsageError("the picture is an SVG file.", where=f"--out {out}", todo="Name a file that ends in .svg.")
    rows = _delivered(home, pack.name)
    title = _say(language, "splits.heading", title=_say(language, "splits.title"), programme=pack.name)
    if rows is not None:
        days = rows[["as_of", "cohort"]].drop_duplicates()["as_of"]
        basis = _say(
            language,
            "splits.delivered",
            n=language.number(len(days)),
            first=days.min().date().isoformat(),
            last=days.max().date().isoformat(),
        )
        table = split_calendar(rows, pack.programme.splits)
    else:
        until = today or dt.date.today()
        cohorts = planned_cohorts(pack, until)
        splits = plan(cohorts, pack.programme.splits)
        basis = _say(language, "splits.calendar", today=until.isoformat())
        table = calendar_rows(splits, split_names(splits, cohorts))
    lines = [title, basis, ""]
    if table.empty:
        return "\n".join([*lines, _say(language, "splits.none")])
    lines += [*_lanes(table), "", _say(language, "splits.key"), ""]
    for _, split in table.groupby("split", sort=False):
        lines += [*_told(language, split), ""]
    if out is not None:
        _write(out, svg_file(code, table))
        lines.append(_say(language, "splits.picture", path=str(out)))
    return "\n".join(lines).rstrip()


def planned_cohorts(pack: Pack, today: dt.date) -> list[Cohort]:
    """The cohorts that a calendar has had by a day, closed where their windows and the reporting lag have passed.

    Raises
    ------
    UsageError
        When the programme's days, or the ends of its windows, come with the data.
    """
    cadence, outcome = pack.programme.cohort.as_of, pack.programme.outcome
    if not isinstance(cadence, Cadence) or outcome.days is None:
        raise UsageError(
            "nothing has been delivered, and this programme's dates come with the data.",
            where=pack.name,
            todo=f"Run it first (plumbline run {pack.name} --data DIR), or name its home with --home.",
        )
    found = []
    for day in as_of_dates(cadence.first, cadence.every_months, today):
        end = day + timedelta(days=outcome.days)
        closes = end + timedelta(days=outcome.reporting_lag_days)
        found.append(Cohort(day, day.isoformat(), end, closes, closes <= today))
    return found


def _delivered(home: Home, programme: str) -> pd.DataFrame | None:
    """Cohort rows with their outcomes as a run left them; None where there are none."""
    if not home.warehouse.is_file():
        return None
    import duckdb

    with hold(home):
        try:
            con = duckdb.connect(str(home.warehouse), read_only=True)
        except duckdb.Error as error:
            raise PlumblineError(
                f"the warehouse cannot be read ({type(error).__name__}).",
                where=str(home.warehouse),
                todo="Check that it is a Plumbline warehouse and that no other program has it open.",
            ) from None
        try:
            columns = set(con.execute("SELECT table_schema, column_name FROM information_schema.columns").fetchall())
            if not {("cohort", "cluster_id"), ("outcomes", "outcome")} <= columns:
                return None
            main = "AND o.main" if ("outcomes", "main") in columns else ""
            rows = con.execute(_COHORTS.format(main=main), [programme]).df()
        finally:
            con.close()
    return None if rows.empty else rows


def _say(language: Language, key: str, **values: Any) -> str:
    """A sentence for a terminal: no markup."""
    return language.plain(key, **values)


def _lanes(table: pd.DataFrame) -> list[str]:
    """Each split as a line of time: windows under as-of dates, the model day over all."""
    first, last = table["cohort_as_of"].min(), table[["window_end", "closes_on"]].max().max()
    days = max((last - first).days, 1)

    def place(day: pd.Timestamp) -> int:
        share: float = (day - first).days / days
        return round(share * (_WIDE - 1))

    def fill(start: pd.Timestamp, end: pd.Timestamp, letter: str) -> None:
        line[place(start) : place(end) + 1] = [letter] * (place(end) + 1 - place(start))

    ends = f"{first.date().isoformat()}{last.date().isoformat():>{_WIDE - 10}}"
    lines = [f"{'':{_NAME}}{ends}"]
    for name, rows in table.groupby("split", sort=False):
        line = [" "] * _WIDE
        train, test = (rows[rows["part"] == part] for part in ("train", "test"))
        day = rows["as_of"].iloc[0]
        fill(train["window_end"].max(), day, ".")
        fill(test["window_end"].max(), test["closes_on"].max(), ".")
        for part, window, mark in ((train, "=", "o"), (test, "#", "x")):
            for start, end in zip(part["cohort_as_of"], part["window_end"], strict=True):
                fill(start, end, window)
            for start in part["cohort_as_of"]:
                line[place(start)] = mark
        line[place(day)] = "|"
        lines.append(f"{_cut(str(name)):{_NAME}}{''.join(line).rstrip()}")
    return lines


def _cut(name: str) -> str:
    return name if len(name) < _NAME else f"{name[: _NAME - 2]}…"


def _told(language: Language, rows: pd.DataFrame) -> list[str]:
    """One split in words."""
    train, test = (rows[rows["part"] == part] for part in ("train", "test"))
    told = {
        "trains": [cohort_words(language, train), _say(language, "splits.closed_by", day=_last(train, "closes_on"))],
        "model_day": [rows["as_of"].iloc[0].date().isoformat()],
        "tests": [cohort_words(language, test), _say(language, "splits.windows_end", day=_last(test, "window_end"))],
        "relatives": [_say(language, "splits.undecided")],
    }
    if "rows" in rows:
        told["trains"].append(_counts(language, train))
        told["tests"].append(_counts(language, test))
        share = language.percent(float(rows["purged_share"].iloc[0]), 1)
        told["relatives"] = [_say(language, f"splits.{rows['design'].iloc[0]}", share=share)]
    words = {key: _say(language, f"splits.{key}") for key in told}
    wide = max(map(len, words.values())) + 2
    lines = [f"{rows['split'].iloc[0]} ({role_words(language, rows)})"]
    return lines + [f"  {words[key]:{wide}}{'; '.join(parts)}" for key, parts in told.items()]


def _last(rows: pd.DataFrame, column: str) -> str:
    return str(rows[column].max().date().isoformat())


def _counts(language: Language, rows: pd.DataFrame) -> str:
    total = language.number(int(rows["rows"].sum()))
    if rows["outcomes"].isna().all():
        return _say(language, "splits.rows_sealed", rows=total)
    return _say(language, "splits.rows", rows=total, outcomes=language.number(int(rows["outcomes"].sum())))


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"the picture cannot be written ({type(error).__name__}).", where=f"--out {out}", todo="Name another file."
        ) from None
