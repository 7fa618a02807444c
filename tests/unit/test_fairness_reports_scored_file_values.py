"""What the columns of a foreign table mean, who is selected, and the sentences for what cannot be understood."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from data_contracts.errors import UsageError
from fairness_reports.scored_file import AuditRequest, parse_number, parse_top, values
from fairness_reports.scored_file.column import TextColumn, coded
from fairness_reports.scored_file.request import Top
from fairness_reports.scored_file.selection import above_threshold, within_top
from fairness_reports.scored_file.sentences import Few, Share, note

CANARY = "ZZCANARY77"
NOTHING = values.Named([], [])


def column(*texts: str | None, name: str = "col") -> TextColumn:
    return coded(name, list(texts))


def told(rule: object, *arguments: object) -> str:
    with pytest.raises(UsageError) as error:
        rule(*arguments)  # type: ignore[operator]  # whatever is tried
    assert CANARY not in str(error.value)
    return str(error.value)


def test_outcomes() -> None:
    for texts in (("1", "0", None), ("1.0", "0.0", ""), ("True", "false", "NA"), ("TRUE", "0", "null"),
                  ("1,0", "0,0", ""), ("1,00", "0", None)):  # fmt: skip
        assert np.array_equal(values.yes_no(column(*texts), NOTHING, "--outcome"), [1, 0, np.nan], equal_nan=True)
    assert np.isnan(values.yes_no(column("", None), NOTHING, "--outcome")).all()


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("yes", "no", CANARY), "holds text (3 different values), not 0 and 1. Say what counts as 1 with --positive"),
        (("1", "2"), "holds other numbers than 0 and 1 (2 different values)"),
        (("1", "0", "-1"), "holds other numbers than 0 and 1 (3 different values)"),
        (("1,000", "0"), "holds other numbers than 0 and 1"),  # perhaps a thousand
        (("1,5", "0,0"), "holds other numbers than 0 and 1"),
        ((CANARY,), "holds text (one value), not 0 and 1"),
        (("1", "0", CANARY), "holds text besides numbers (3 different values)"),
        (tuple(str(i) for i in range(200)), "Name a column that says yes or no."),
    ],
)
def test_what_is_no_outcome(texts: tuple[str, ...], said: str) -> None:
    assert said in told(values.yes_no, column(*texts), NOTHING, "--outcome")


def test_positive_values() -> None:
    decided, happened = column("High", "Medium", "Low", name="level"), column("no", "yes", None, name="again")
    named = values.Named(["High", "level=Medium", "again=yes"], ["level", "again"])
    assert values.yes_no(decided, named, "--decision").tolist() == [1, 1, 0]
    assert values.yes_no(happened, named, "--outcome")[:2].tolist() == [0, 1]
    named.check()
    assert values.yes_no(column("2.0", "1"), values.Named(["2"], ["col"]), "--outcome").tolist() == [1, 0]
    assert values.yes_no(column("2,0", "1,0"), values.Named(["2"], ["col"]), "--outcome").tolist() == [1, 0]
    wrong = values.Named(["hihg"], ["level"])
    assert "not 0 and 1" in told(values.yes_no, decided, wrong, "--decision")
    assert "no row has “hihg”" in told(wrong.check)
    income = column(">50K.", f"<=50K{CANARY}.", name="income")
    said = told(values.yes_no, income, values.Named([">50K"], ["income"]), "--outcome")
    assert "None of its rows has the value given with --positive. Write it exactly as it stands there" in said
    assert "any of the values given" in told(values.yes_no, income, values.Named(["a", "b"], ["income"]), "--outcome")
    assert "given with --positive" not in told(values.yes_no, income, values.Named(["x=a"], ["x"]), "--outcome")
    # named for another column only
    assert "not 0 and 1" in told(values.yes_no, decided, values.Named(["x=High"], ["level", "x"]), "--decision")


def test_what_means_unknown() -> None:
    unknown = values.Named(["-1", "col=x"], ["col"], "--unknown")
    column_ = values.without(column("1", "0", "-1.0", "x", None), unknown)
    assert np.array_equal(values.yes_no(column_, NOTHING, "--outcome"), [1, 0, *[np.nan] * 3], equal_nan=True)
    unknown.check()
    mistyped = values.Named(["-9"], ["col"], "--unknown")
    assert values.without(column("1"), mistyped).values == ["1"]
    assert "--unknown: no row has “-9”" in told(mistyped.check)


def test_a_decision_has_no_third_state() -> None:
    assert "is empty in 1 of 3 rows" in told(values.known_for_all, column("1", None, "0"), NOTHING, "--decision")


def test_scores() -> None:
    assert values.scores(column("0.1", "0,9".replace(",", ".")), "auto").kind == "probability"
    assert values.scores(column("0", "1"), "auto").why == "two_values"
    assert values.scores(column("0", "1"), "probability").kind == "probability"
    deciles = values.scores(column("10", "1", "10"), "auto")
    assert (deciles.kind, deciles.why) == ("rank", "range")
    assert deciles.for_audit().tolist() == [3, 2, 3]
    assert values.scores(column("0.3", "0.4"), "rank").for_audit().min() > 1  # nobody can take them for probabilities
    assert values.scores(column("0.5", "0.5"), "auto").kind == "probability"
    stray = column(*["0.5"] * 30, "1.5")
    assert "1 of 31 scores in “col” are below 0 or above 1, the others are not" in told(values.scores, stray, "auto")
    assert values.scores(stray, "rank").why == "given"
    assert "1 of 2 scores in “col” are no probabilities" in told(values.scores, column("0.5", "1.5"), "probability")
    assert "is empty in 1 of 2 rows" in told(values.scores, column("0.5", "NA"), "auto")
    assert "not a number in 2 of 3 rows" in told(values.scores, column("0.5", CANARY, CANARY), "auto")


def test_groups() -> None:
    names = values.group_names(column("a", None, "NA", " b\tc ", "None", "overall", "\x1b[31mred"))
    assert names.tolist() == ["a", None, None, "b c", "None", "overall (group)", "[31mred"]
    ours = column("small groups together", "kleine  Gruppen zusammen", "other")
    assert values.group_names(ours).tolist() == [
        "small groups together (group)",
        "kleine Gruppen zusammen (group)",
        "other",
    ]
    assert values.renamed(ours) == ["kleine Gruppen zusammen", "small groups together"]
    assert values.renamed(column("a", "small groups")) == []
    many = [f"{CANARY}{i}" for i in range(10_000)]
    assert "has 10,000 different values: is it an id" in told(values.group_names, column(*many))
    assert "longer than 100 characters" in told(values.group_names, column("a", CANARY * 20))


def test_references() -> None:
    groups = {"race": {"a": 50, "b=c": 50}, "area": {"b": 50, "north": 10}, "x": {"b": 50, CANARY: 9}}
    assert values.references(["a", "area=b"], groups, 10) == {"race": "a", "area": "b"}
    assert values.references(["b=c"], groups, 10) == {"race": "b=c"}
    assert "“area” and “x” both have a group “b”" in told(values.references, ["b"], groups, 10)
    assert "“area” has two references" in told(values.references, ["north", "area=b"], groups, 10)
    assert "no column named with --by has a group “nort”. Did you mean “north”?" in told(
        values.references, ["nort"], groups, 10
    )
    for minimum, typed in [(10, f"{CANARY[:-1]}8"), (11, "nort")]:  # too few rows to be brought out
        with pytest.raises(UsageError, match="Write it as it stands in the table") as error:
            values.references([typed], groups, minimum)
        assert "Did you mean" not in str(error.value)
        assert CANARY not in str(error.value)
    assert values.references(["overall"], {"race": {"overall (group)": 20}}, 10) == {"race": "overall (group)"}


def test_periods_ids_and_clusters() -> None:
    assert "is empty in 1 of 2 rows" in told(values.periods, column("2020", None))
    assert "is it a date?" in told(values.periods, column(*(str(i) for i in range(200))))
    split = values.periods(column("1", "1", "2"))
    assert values.case_ids(column("x", "y", "x"), split).tolist() == ["x", "y", "x"]
    assert "1 row repeats an id of the same period" in told(values.case_ids, column("x", "x", "x"), split)
    found, alone = values.clusters(column("h", None, "h"), np.array(["1", "2", "3"], dtype=object))
    assert (found[0], alone) == (found[2], 1)
    assert len(set(found)) == 2


def test_a_threshold_that_divides_nobody_is_refused() -> None:
    score = np.array([0.2, 0.5, 0.7])
    assert above_threshold(score, 0.5).tolist() == [False, True, True]
    assert "above every score" in told(above_threshold, score, 0.71)
    assert "below or equal to every score" in told(above_threshold, score, 0.2)
    for at in (0.2, 0.5, 0.7):
        assert "all scores are equal" in told(above_threshold, np.full(3, 0.5), at)
        assert "there is one row only" in told(above_threshold, np.array([0.5]), at)


def test_the_highest_of_each_period_and_ties() -> None:
    score = np.array([3.0, 2, 2, 2, 1, 9, 8, 7])
    ids = np.array(list("abcdefgh"), dtype=object)
    split = ["x"] * 5 + ["y"] * 3
    selected, cuts = within_top(score, ids, split, Top(count=2))
    assert selected.tolist()[0] is True
    assert selected[:5].sum() == 2
    assert selected[5:].tolist() == [True, True, False]
    assert [(cut.tied, cut.placed) for cut in cuts] == [(3, 1), (0, 0)]
    shuffled = np.random.default_rng(0).permutation(5)
    again, _ = within_top(score[shuffled], ids[shuffled], ["x"] * 5, Top(count=2))
    assert set(ids[shuffled][again]) == set(ids[:5][selected[:5]])
    assert within_top(score, ids, split, Top(share=0.4))[0].sum() == 3
    assert within_top(score, ids, split, Top(count=50))[0].all()
    assert "less than one place" in told(within_top, score, ids, split, Top(share=0.1))


def test_numbers_of_options() -> None:
    assert (parse_top("7"), parse_top(" 2,5 %")) == (Top(count=7), Top(share=0.025))
    assert str(parse_top("2.50%")) == "2.5%"
    assert str(parse_top("100%")) == "100%"
    for text, said in [("x", "neither"), ("0", "nobody"), ("0.1", "whole"), ("0%", "above 0"), ("101%", "above 0")]:
        assert said in told(parse_top, text)
    assert parse_number("0,5", "--at") == parse_number("0.5", "--at") == 0.5
    for text in ("x", "nan", "inf", ""):
        assert "it is not a number" in told(parse_number, text, "--at")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"by": ()}, "no group column"),
        ({"at": None}, "nothing says who is selected"),
        ({"decision": "d"}, "several options say who is selected"),
        ({"score": None}, "--at needs a score"),
        ({"by": ("g", "g")}, "“g” is named more than once: --by (2 times)"),
        ({"by": ("s",)}, "“s” is named more than once: --score and --by"),
    ],
)
def test_requests_that_cannot_work(given: dict[str, object], said: str) -> None:
    settings: dict[str, object] = {"file": Path("f"), "out": Path("o"), "outcome": "y", "score": "s", "at": 0.5}
    request = AuditRequest(**{**settings, "by": ("g",), **given})  # type: ignore[arg-type]  # told by the test
    assert said in told(request.check)


def test_remarks_hide_small_numbers() -> None:
    said = note("unknown", n=Few(3, 10), share=Share(0.0125, below=True))
    assert "fewer than 10 rows (< 1.2%)" in said["en"]
    assert "weniger als 10 Zeilen (< 1,2\xa0%)" in said["de"]
    assert "fewer than 10 rows have no cluster" in note("no_cluster", n=Few(1, 10))["en"]
    assert note("no_cluster", n=Few(1, 1))["en"].startswith("1 row has no cluster")
    assert note("no_cluster", n=Few(1, 1))["de"].startswith("Bei 1 Zeile ist")
    assert re.search(r"12,345", note("unknown", n=Few(12345, 10), share=Share(0.5))["en"])
