"""Remove one guard at a time from a copy of the source and see its test fail.

    .venv/bin/python scripts/break_guards.py                  every guard: a table on the terminal
    .venv/bin/python scripts/break_guards.py --only outcome   those whose name matches the pattern
    .venv/bin/python scripts/break_guards.py --write          and into docs/guards.md

A guard whose test passes without it is listed as not seen, and the script ends with 1. Each guard takes up to a minute:
the test runs the whole job on the broken copy.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("data_contracts", "features", "models", "fairness_reports", "pipelines", "tests", "docs", "pyproject.toml")
HEAVY = ("dagster", "great_expectations", "mlflow.tracking", "shap", "skops.io", "sklearn.ensemble", "hypothesis")
DOCUMENT = ROOT / "docs" / "guards.md"


@dataclass(frozen=True)
class Guard:
    """One guard: where it stands, how it is broken, and the test that must notice.

    Attributes
    ----------
    name : str
        What it keeps from happening.
    file : str
        Where it stands.
    old, new : str
        The text, found exactly once, and what takes its place.
    test : str
        The test that must fail, as pytest names it.
    also : tuple of (file, old, new)
        Where further places keep the same thing from happening: they are broken too.
    """

    name: str
    file: str
    old: str
    new: str
    test: str
    also: tuple[tuple[str, str, str], ...] = ()

    @property
    def places(self) -> tuple[tuple[str, str, str], ...]:
        """Every place that is broken: file, old, new."""
        return ((self.file, self.old, self.new), *self.also)


TIME = "tests/pipeline/test_planted_time.py::"
DOOR = "tests/pipeline/test_planted_identifiers.py::test_"
COLUMN = f"{DOOR}a_column_that_is_declared_as_or_seems_to_be_an_identifier"
BIAS = "tests/pipeline/test_planted_bias.py::test_"
WHOLE = "tests/pipeline/test_release_whole.py::test_"
GATE = "        report = privacy_gate(contract, delivery)\n"
LAND = "        landing = land(run.con, programme, contract, delivery, run.key)\n"
PLAN = "tests/unit/test_models_split_plan.py::test_"
SPLITS = "tests/property/test_models_splits.py::test_"
RELATIVES = "tests/pipeline/test_planted_relatives.py::test_"

QUERY, KERNEL = "features/sql.py", "features/kernel.py"
# the future is kept out three times: it is not read, not put among the events that exist, and lies in no window
READ = ("features/fast.py", "WHERE event.event_at < {newest}", "WHERE TRUE")
UNTIL = "hi[w] = _before(days, n, as_of[row] - window_near[w])"
NO_WINDOW = (KERNEL, UNTIL, "hi[w] = n")
CELLS_FILE = "tests/property/test_features_cells.py::test_"
CELLS = f"{CELLS_FILE}every_cell_equals_the_reference"
FUTURE = f"{CELLS_FILE}the_future_order_and_repeats_change_nothing"

GUARDS = (
    # what the service could not know on the day
    Guard(
        "an event entered ahead of its day is no feature",
        KERNEL,
        "if day[e] >= today:",
        "if False:",
        f"{TIME}test_an_event_entered_ahead_of_its_day_changes_no_feature",
        also=(NO_WINDOW, READ),
    ),
    Guard(
        "a future event is no feature",
        KERNEL,
        "if day[e] >= today:",
        "if False:",
        f"{TIME}test_a_future_event_changes_no_feature",
        also=(NO_WINDOW, READ, (KERNEL, " or known[e] >= today", "")),
    ),
    Guard(
        "an event known too late is no feature",
        KERNEL,
        " or known[e] >= today",
        "",
        f"{TIME}test_a_late_known_event_changes_no_feature",
    ),
    Guard(
        "known on the day itself is known too late",
        KERNEL,
        "known[e] >= today",
        "known[e] > today",
        f"{TIME}test_a_late_known_event_changes_no_feature",
    ),
    Guard(
        "an end recorded late leaves the episode open",
        KERNEL,
        "filter_open[f] and ended[e] < today and end_known[e] < today",
        "filter_open[f] and ended[e] < today",
        f"{TIME}test_a_late_recorded_end_leaves_the_episode_open",
    ),
    # the same to the day, in the obvious query: each `<` of the rule of time as `<=`
    Guard(
        "the query: an event of the day itself is no feature",
        QUERY,
        "WHERE events.event_day < rows.today{oldest}",
        "WHERE events.event_day <= rows.today{oldest}",
        FUTURE,
    ),
    Guard(
        "the query: an event known on the day itself is no feature",
        QUERY,
        "AND events.known_day < rows.today",
        "AND events.known_day <= rows.today",
        FUTURE,
    ),
    Guard(
        "the query: an episode that ends on the day itself is open",
        QUERY,
        "coalesce(end_day < {today}",
        "coalesce(end_day <= {today}",
        FUTURE,
    ),
    Guard(
        "the query: an end known on the day itself leaves the episode open",
        QUERY,
        "AND end_known_day < {today}",
        "AND end_known_day <= {today}",
        FUTURE,
    ),
    Guard(
        "the query: an event as old as the lag is no feature",
        QUERY,
        "event_day < today - {window.near}",
        "event_day <= today - {window.near}",
        CELLS,
    ),
    Guard(
        "the query: an event known as long ago as the lag is no feature",
        QUERY,
        "known_day < today - {spec.lag_days}",
        "known_day <= today - {spec.lag_days}",
        CELLS,
    ),
    # in the compiled loops
    Guard(
        "the kernel: an event of the day itself is no feature",
        KERNEL,
        "if day[e] >= today:",
        "if day[e] > today:",
        FUTURE,
        also=((KERNEL, UNTIL, "hi[w] = _before(days, n, as_of[row] - window_near[w] + 1)"),),
    ),
    Guard(
        "the kernel: an event known on the day itself is no feature",
        KERNEL,
        "known[e] >= today",
        "known[e] > today",
        FUTURE,
    ),
    Guard(
        "the kernel: an episode that ends on the day itself is open",
        KERNEL,
        "filter_open[f] and ended[e] < today",
        "filter_open[f] and ended[e] <= today",
        FUTURE,
    ),
    Guard(
        "the kernel: an end known on the day itself leaves the episode open",
        KERNEL,
        "and end_known[e] < today:",
        "and end_known[e] <= today:",
        FUTURE,
    ),
    Guard(
        "the kernel: an end known on the day itself does not end the days of an episode",
        KERNEL,
        "known_end = ended[e] < today and end_known[e] < today",
        "known_end = ended[e] < today and end_known[e] <= today",
        FUTURE,
    ),
    Guard(
        "the kernel: what is younger than the lag does not exist",
        KERNEL,
        "today = as_of[row] - filter_lag[f]",
        "today = as_of[row]",
        CELLS,
    ),
    # in both
    Guard(
        "a membership known on the day itself does not exist",
        QUERY,
        "AND {who}.known_at < rows.as_of",
        "AND {who}.known_at <= rows.as_of",
        FUTURE,
    ),
    Guard(
        "a membership from the day itself on does not exist",
        QUERY,
        """{who}."from" < rows.as_of""",
        """{who}."from" <= rows.as_of""",
        FUTURE,
    ),
    Guard(
        "a value of an attribute known on the day itself does not exist",
        QUERY,
        "AND attribute.known_at < rows.as_of",
        "AND attribute.known_at <= rows.as_of",
        FUTURE,
    ),
    Guard(
        "a case known on the day itself has not opened",
        "features/portable.py",
        "AND known.known_at < rows.as_of",
        "AND known.known_at <= rows.as_of",
        FUTURE,
    ),
    Guard(
        "a case known on the day itself is no evidence",
        "features/evidence.py",
        "AND known.known_at < rows.as_of",
        "AND known.known_at <= rows.as_of",
        f"{CELLS_FILE}evidence_is_what_the_cell_uses_and_enough_for_it",
    ),
    Guard(
        "a person whose records have changed is computed again",
        "features/increment.py",
        " INTERSECT SELECT * FROM {_people(programme)}",
        "",
        f"{CELLS_FILE}an_increment_gives_the_matrix_of_a_full_build",
    ),
    Guard(
        "a closure recorded late leaves the case in its cohort",
        "models/cohorts.py",
        "c.closed_at < d.as_of AND c.closed_known_at < d.as_of",
        "c.closed_at < d.as_of",
        f"{TIME}test_a_late_recorded_closure_leaves_the_case_in_its_cohort",
    ),
    Guard(
        "a case known too late is in no cohort",
        "models/cohorts.py",
        "WHERE c.known_at < d.as_of AND c.opened_at < d.as_of",
        "WHERE c.opened_at < d.as_of",
        "tests/unit/test_models_cohorts.py::test_who_stands_in_a_cohort",
    ),
    Guard(
        "a person's group known too late is not yet recorded",
        "models/cohorts.py",
        "a.subject_id = r.person_id AND a.known_at < r.as_of",
        "a.subject_id = r.person_id",
        "tests/pipeline/test_planted_groups.py::test_a_group_is_the_one_known_on_the_day[person]",
    ),
    Guard(
        "a case's group known too late is not yet recorded",
        "models/cohorts.py",
        "a.subject_id = r.case_id AND a.known_at < r.as_of",
        "a.subject_id = r.case_id",
        "tests/pipeline/test_planted_groups.py::test_a_group_is_the_one_known_on_the_day[case]",
    ),
    # outcomes
    Guard(
        "an open cohort has no outcomes",
        "models/outcomes.py",
        "CASE WHEN w.closes_on <= $run AND w.window_end IS NOT NULL",
        "CASE WHEN w.window_end IS NOT NULL",
        f"{TIME}test_an_early_outcome_of_an_open_cohort_stays_unknown",
    ),
    Guard(
        "an open cohort has no days of outcomes",
        "models/outcomes.py",
        "AND e.known_at < $run AND w.closes_on <= $run",
        "AND e.known_at < $run",
        f"{TIME}test_an_early_outcome_of_an_open_cohort_stays_unknown",
    ),
    Guard(
        "an outcome recorded after the run does not exist",
        "models/outcomes.py",
        "AND e.known_at < $run AND w.closes_on <= $run",
        "AND w.closes_on <= $run",
        f"{TIME}test_an_outcome_entered_after_the_run_does_not_exist",
    ),
    Guard(
        "a past test has only labels of its own day",
        "models/outcomes.py",
        '        outcomes["outcome_known_at"] < at\n',
        '        outcomes["outcome_known_at"].notna()\n',
        "tests/unit/test_models_cohorts.py::test_labels_as_known_on_an_earlier_day",
    ),
    Guard(
        "a past test has only cohorts that had closed",
        "models/outcomes.py",
        '.to_numpy() & (outcomes["closes_on"] <= at).to_numpy()',
        ".to_numpy()",
        "tests/unit/test_models_cohorts.py::test_labels_as_known_on_an_earlier_day",
    ),
    # relatives
    Guard(
        "relatives of the test leave the training",
        "models/splits.py",
        "shared = np.isin(cluster[possible], cluster[test])",
        "shared = np.zeros(len(possible), dtype=bool)",
        f"{RELATIVES}a_sibling_across_the_split_leaves_the_training",
    ),
    Guard(
        "the folds of cross-fitting tear no cluster apart",
        "models/splits.py",
        'cluster_folds(cluster_ids, folds, seed, "cross-fitting")',
        'cluster_folds(np.arange(len(cluster_ids)), folds, seed, "cross-fitting")',
        f"{SPLITS}a_cluster_is_scored_by_a_model_that_never_saw_it",
    ),
    Guard(
        "only a cohort closed on the model day trains",
        "models/split_plan.py",
        "closed = [cohort for cohort in bounded if cohort.closed_by(day)]",
        "closed = [cohort for cohort in bounded if cohort.closed and cohort.as_of < day]",
        f"{PLAN}a_cohort_trains_from_the_very_day_it_closes",
    ),
    Guard(
        "a development split was closed on the day of the test",
        "models/split_plan.py",
        "cohort.closed_by(found[0].as_of) for cohort in tested",
        "cohort.closed for cohort in tested",
        f"{PLAN}a_development_split_was_closed_on_the_day_of_the_test",
    ),
    Guard(
        "every cohort of a test is closed",
        "models/split_plan.py",
        "all(cohort.closed and _within(cohort, spec) for cohort in period)",
        "all(_within(cohort, spec) for cohort in period)",
        f"{PLAN}a_time_of_use_that_holds_an_open_cohort_is_no_test",
    ),
    Guard(
        "a model is tested on the whole time of its use",
        "models/split_plan.py",
        "if end - timedelta(days=1) > seen_until:",
        "if False and end - timedelta(days=1) > seen_until:",
        f"{PLAN}a_time_of_use_that_is_not_over_is_no_test",
    ),
    Guard(
        "no outcome of the sealed test is told with the splits",
        "models/splits.py",
        "labels_as_known(frame.iloc[split.test], cut[-1][0].as_of)",
        'frame["outcome"].to_numpy(dtype=float)[split.test]',
        f"{SPLITS}the_calendar_tells_the_splits",
    ),
    Guard(
        "a further horizon is open until its own window has passed",
        "models/outcomes.py",
        "CASE WHEN w.closes_on <= $run AND w.window_end IS NOT NULL",
        "CASE WHEN w.window_end IS NOT NULL",
        "tests/unit/test_models_cohorts.py::test_each_horizon_closes_on_its_own_day",
        also=(("models/outcomes.py", "AND e.known_at < $run AND w.closes_on <= $run", "AND e.known_at < $run"),),
    ),
    Guard(
        "only the main horizon trains and tests",
        "models/dataset.py",
        "          AND o.main\n",
        "",
        "tests/unit/test_models_cohorts.py::test_rows_carry_the_main_outcome_alone",
    ),
    Guard(
        "a shared household joins two families",
        "models/cohorts.py",
        "SELECT person_id, cluster_id FROM core.membership WHERE programme = $programme",
        "SELECT person_id, cluster_id FROM core.membership WHERE programme <> $programme",
        f"{RELATIVES}both_stand_in_one_cluster",
    ),
    # the door
    Guard(
        "a column tagged as an identifier stops the run",
        "data_contracts/privacy/gate.py",
        "if tag in words and column.header in file.header",
        "if tag == 'free_text' and column.header in file.header",
        f"{COLUMN}[by its tag]",
    ),
    Guard(
        "free text stops the run",
        "data_contracts/privacy/gate.py",
        "if tag in words and column.header in file.header",
        "if tag == 'identifier' and column.header in file.header",
        f"{COLUMN}[free text by its tag]",
    ),
    Guard(
        "a column named as an identifier stops the run",
        "data_contracts/privacy/gate.py",
        "report.findings += _by_tag(file) + _by_name(file)",
        "report.findings += _by_tag(file)",
        f"{COLUMN}[by its name]",
    ),
    Guard(
        "addresses under any name stop the run",
        "data_contracts/privacy/contents.py",
        "if pc.any(holds_email(distinct)).as_py():",
        "if False:",
        f"{COLUMN}[by its content]",
    ),
    Guard(
        "nothing is landed before the gate",
        "pipelines/entrance.py",
        f"{GATE}{LAND}",
        f"{LAND}{GATE}",
        f"{DOOR}addresses_among_the_values_of_a_known_column",
    ),
    Guard(
        "a refused delivery stops all that follows",
        "pipelines/assets.py",
        'dg.AssetCheckSpec("privacy_gate", asset=delivery, blocking=True)',
        'dg.AssetCheckSpec("privacy_gate", asset=delivery, blocking=False)',
        "tests/pipeline/test_dagster.py::test_a_refused_delivery_stops_everything_after_it",
    ),
    Guard(
        "rows that break the contract stop all that follows",
        "pipelines/assets.py",
        'dg.AssetCheckSpec("contract", asset=key(pack, f"raw.{t}"), blocking=True)',
        'dg.AssetCheckSpec("contract", asset=key(pack, f"raw.{t}"), blocking=False)',
        "tests/pipeline/test_dagster.py::test_rows_that_break_the_contract_stop_everything_after_them",
    ),
    Guard(
        "keys become pseudonyms before anything is written",
        "data_contracts/ingest/staging.py",
        "return key.pseudonyms(column.key_space, values)",
        "return values",
        f"{WHOLE}no_key_of_the_source_is_in_the_release",
    ),
    # the exit
    Guard(
        "a gap outside its tolerance is not fit",
        "fairness_reports/verdict.py",
        '"gap_outside": NOT_FIT,',
        '"gap_outside": FIT,',
        f"{BIAS}a_biased_score_ends_in_a_refusal_with_its_reasons",
    ),
    Guard(
        "no scores unless the verdict is fit",
        "pipelines/publish.py",
        'rows_of(run, "models.scores") if fit else None',
        'rows_of(run, "models.scores")',
        f"{BIAS}nothing_of_the_scores_is_published",
    ),
    Guard(
        "an explanation that does not add up stops everything",
        "models/explanation/contributions.py",
        "wrong = int((~(gap <= TOLERANCE)).sum())",
        "wrong = 0",
        "tests/property/test_models_numbers.py::test_one_row_that_does_not_add_up_stops_everything",
    ),
    Guard(
        "an unknown category is explained as the model takes it: as missing",
        "models/shapley/kernel.py",
        "if own[place[row]] != x[row]:",
        "if False:",
        "tests/property/test_models_shapley.py::test_values_are_those_of_the_definition",
    ),
    Guard(
        "tables of another model explain nothing",
        "models/shapley/explain.py",
        "elif tables.model != trees.fingerprint(estimator):",
        "elif False:",
        "tests/property/test_models_shapley.py::test_tables_of_another_model_are_refused",
    ),
    # what is kept
    Guard(
        "a model file that was tampered with is not loaded",
        "models/registry.py",
        'if _sha256(content) != _described(card).get("sha256"):',
        "if False:",
        f"{WHOLE}a_model_file_that_was_tampered_with_is_refused",
    ),
    Guard(
        "a model of other content is not loaded",
        "models/registry.py",
        "if model.version != version:",
        "if False:",
        f"{WHOLE}a_tampered_model_under_a_matching_card_is_refused",
    ),
    Guard(
        "the home is its owner's alone",
        "pipelines/settings.py",
        "os.umask(0o077)",
        "os.umask(0o022)",
        f"{WHOLE}everything_in_the_home_is_its_owners_alone",
    ),
)


def place(guard: Guard, root: Path = ROOT) -> int:
    """The line of a guard's text.

    Raises
    ------
    ValueError
        When it does not stand there exactly once.
    """
    for file, old, _ in guard.places:
        if (found := (root / file).read_text(encoding="utf-8").count(old)) != 1:
            raise ValueError(f"{guard.name}: {file} holds its text {found} times; correct it in {Path(__file__).name}")
    text = (root / guard.file).read_text(encoding="utf-8")
    return text[: text.index(guard.old)].count("\n") + 1


def broken_copy(guard: Guard, folder: Path) -> Path:
    """A copy of the source without the guard."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for file, old, new in guard.places:
        path = folder / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return folder


def _test(copy: Path, test: str, log: Path) -> None:
    """In a process of its own: one test on a copy, with all that it says in a file."""
    with log.open("w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    os.environ["PYTHONPATH"] = str(copy)
    import pytest
    from hypothesis import Phase, settings

    # the first failing example will do: finding the simplest takes minutes
    settings.register_profile("guards", phases=[Phase.explicit, Phase.generate])
    settings.load_profile("guards")
    code = pytest.main([test, "-x", "-p", "no:cacheprovider", "--basetemp", str(copy / "tmp"), "-W", "ignore"])
    sys.stdout.flush()
    os._exit(int(code))


def seen(guard: Guard) -> tuple[bool, str]:
    """Whether the test fails without the guard, and its last words."""
    place(guard)
    with tempfile.TemporaryDirectory() as folder:
        copy = broken_copy(guard, Path(folder) / "copy")
        log = Path(folder) / "log"
        # forked: the large libraries are loaded once for all guards, ours from each copy
        process = multiprocessing.get_context("fork").Process(target=_test, args=(copy, guard.test, log))
        process.start()
        process.join()
        said = log.read_text(encoding="utf-8", errors="replace")
    # 1 means that a test failed; anything else that it was not found or could not run
    last = re.findall(r"^E +(.*)$", said, re.MULTILINE)
    return process.exitcode == 1, (last[0] if last else said.strip().rsplit("\n", 1)[-1])[:110]


def document(results: dict[Guard, bool]) -> str:
    """The page."""
    lines = [
        "# Guards, and the test that each was seen to fail",
        "",
        "A test of something that must not happen proves little until it was seen to fail. `scripts/break_guards.py`",
        "takes one guard at a time out of a copy of the source and runs its test there; this table is what it found. A",
        "unit test holds that every guard still stands where the script looks for it.",
        "",
        "| guard | where | test | without the guard |",
        "|---|---|---|---|",
    ]
    for guard, failed in results.items():
        test = guard.test.removeprefix("tests/")
        lines.append(f"| {guard.name} | `{guard.file}` | `{test}` | {'fails' if failed else '**passes**'} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Break the guards and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="guards whose name this pattern matches")
    parser.add_argument("--write", action="store_true", help=f"write {DOCUMENT.relative_to(ROOT)}")
    chosen = parser.parse_args()
    for name in HEAVY:
        importlib.import_module(name)
    results: dict[Guard, bool] = {}
    for guard in GUARDS:
        if not re.search(chosen.only, guard.name):
            continue
        began = time.monotonic()
        results[guard], last = seen(guard)
        verdict = "fails" if results[guard] else "NOT SEEN"
        print(f"{verdict:<9} {guard.name}  [{time.monotonic() - began:.0f} s]\n          {last}", flush=True)
    if chosen.write:
        DOCUMENT.write_text(document(results), encoding="utf-8")
    return 0 if results and all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
