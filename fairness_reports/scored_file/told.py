"""What the terminal says of an audit: in words, short, nothing below the minimum cell.

Belongs here: the text after `plumbline audit`, English and German.
Does not belong here: the pages (fairness_reports.reports), the sentences themselves (sentences).
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Any, Final

from fairness_reports.audit.reasons import in_words
from fairness_reports.reports.figures import known
from fairness_reports.reports.language import Language
from fairness_reports.scored_file.run import Audited
from fairness_reports.scored_file.sentences import say
from fairness_reports.spec import JOIN, OVERALL, POOLED

SHOWN: Final = ("selection_rate", "fnr", "fpr", "ppv", "calibration")
"""What the summary speaks of; the tables have all."""
MOST_IN_A_TABLE: Final = 12
_WIDEST = 34
_WIDTH = 110
_POINTS = frozenset(["calibration"])


def summary(audited: Audited, out: Path, language: str) -> str:
    """The text after an audit.

    Parameters
    ----------
    audited : Audited
        The audit.
    out : Path
        Where its results are.
    language : {"en", "de"}
        Its language.

    Returns
    -------
    str
        Several lines.
    """
    return "\n".join(_Summary(audited, Language(language)).lines(out))


class _Summary:
    def __init__(self, audited: Audited, language: Language) -> None:
        self._about, self._language = audited.about, language
        table = audited.table
        splits = list(dict.fromkeys(table["split"]))
        real = [name for name in splits if name in self._about["splits"]]
        self._split, self._splits = (real or splits)[-1], splits
        table = table[(table["split"] == self._split) & (table["band"].fillna("all") == "all")]
        self._table = table
        values = table[table["comparison"] == "value"]
        self._values = {(row.attribute, row.group, row.metric): row for row in values.itertuples()}

    def _say(self, key: str, **values: Any) -> str:
        return say(self._language, "told", key, **values)

    def lines(self, out: Path) -> list[str]:
        about = self._about
        scored = self._say("by_score", score=about["columns"]["score"]) if about["score_is"] else None
        said = [
            self._say(
                "audited",
                rows=about["rows"],
                file=about["file"]["name"],
                outcome=about["columns"]["outcome"],
                scored=scored or self._say("without_score"),
            ),
            self._selection(),
        ]
        if len(self._splits) > 1:
            said.append(self._say("period", split=self._split, n=len(self._splits)))
        for attribute in about["attributes"]:
            said += ["", *self._by(attribute)]
        if about["references"]:
            said += ["", *(self._say("reference", attribute=a, group=g) for a, g in about["references"].items())]
        said += ["", *self._gaps(), *self._not_shown(), "", self._say("remarks")]
        said += [_item(each[self._language.code]) for each in about["notes"]]
        page = Path("reports") / self._language.code / "fairness.html"
        return [*said, "", self._say("results", out=str(out), page=str(page))]

    def _selection(self) -> str:
        said = self._about["selection"]["words"][self._language.code]
        row = self._values.get((OVERALL, OVERALL, "selection_rate"))
        if row is None or not known(row.value):
            return f"{said}; {self._say('no_rate')}"
        return f"{said}; {self._say('rate', rate=self._figure('selection_rate', row.value))}"

    def _by(self, attribute: str) -> list[str]:
        """A small table of an attribute's groups."""
        groups = [group for name, group, metric in self._values if name == attribute and metric == "n"]
        head = self._say("groups_of", attribute=attribute)
        if len(groups) > MOST_IN_A_TABLE:
            return [f"{head}: {self._say('too_many', n=len(groups))}"]
        metrics = [
            metric
            for metric in ("n", "base_rate", *SHOWN)
            if any(known(getattr(self._values.get((attribute, group, metric)), "value", None)) for group in groups)
        ]
        rows = [[head, *metrics]]
        for name, group in [(OVERALL, OVERALL), *((attribute, group) for group in groups)]:
            label = self._say("everybody") if name == OVERALL else group
            cells = [self._values.get((name, group, metric)) for metric in metrics]
            figures = [self._figure(metric, getattr(cell, "value", None))
                       for metric, cell in zip(metrics, cells, strict=True)]  # fmt: skip
            rows.append([label if len(label) <= _WIDEST else f"{label[: _WIDEST - 1]}…", *figures])
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return [
            "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
            for row in rows
        ]

    def _gaps(self) -> list[str]:
        """Of each attribute and metric the surest finding; where there is none, its name only."""
        clear: list[str] = []
        unclear: dict[str, list[str]] = {}
        for attribute in self._about["attributes"]:
            own = self._table[self._table["attribute"] == attribute]
            for metric in SHOWN:
                rows = [row for row in own[own["metric"] == metric].itertuples() if known(row.value)]
                found = self._finding(attribute, rows)
                if found is not None:
                    clear.append(f"  - {self._gap(found)}")
                elif any(row.comparison == "largest_gap" for row in rows):
                    unclear.setdefault(attribute, []).append(metric)
        said = [self._say("stands_out"), *clear] if clear else [self._say("none_stand_out")]
        if clear and unclear:
            said.append(self._say("cannot_tell"))
            said += [
                _item(self._say("open", attribute=name, metrics=", ".join(told))) for name, told in unclear.items()
            ]
        return said

    def _finding(self, attribute: str, rows: list[Any]) -> Any | None:
        """A clear difference from the named reference, the largest gap if clear, or a clear difference from everybody.

        The largest gap is often one to a very small group, and open, where others are clear.
        """
        clear = [row for row in rows if known(row.low) and known(row.high) and (row.low > 0 or row.high < 0)]
        reference = self._about["references"].get(attribute, OVERALL)
        single = [row for row in clear if row.comparison == "difference" and row.reference == reference]
        surest = max(single, key=lambda row: min(abs(row.low), abs(row.high)), default=None)
        largest = next((row for row in clear if row.comparison == "largest_gap"), None)
        return (surest or largest) if reference != OVERALL else (largest or surest)

    def _gap(self, row: Any) -> str:
        metric, signed = str(row.metric), row.comparison == "difference"
        word = str(self._language.word("metric", metric))
        attribute = OVERALL if row.reference == OVERALL else row.attribute
        form = self._language.signed if signed else self._language.number
        return self._say(
            "difference" if signed else "gap",
            attribute=row.attribute,
            metric=f"{word} ({metric})" if metric != "calibration" else metric,
            group=row.group,
            value=self._figure(metric, self._values[row.attribute, row.group, metric].value),
            reference=self._say("everybody") if row.reference == OVERALL else row.reference,
            other=self._figure(metric, self._values[attribute, row.reference, metric].value),
            gap=self._language.points(row.value).removeprefix("" if signed else "+"),
            low=form(100 * row.low, 1),
            high=form(100 * row.high, 1),
        )

    def _not_shown(self) -> list[str]:
        """Groups without any figure, and what everybody together has none of, with the reason."""
        said = []
        minimum = self._about["minimum_cell"]
        for attribute in [*self._about["attributes"], *self._about["intersections"]]:
            small = [group for (name, group, metric), row in self._values.items()
                     if name == attribute and metric == "n" and not known(row.value) and group != POOLED]  # fmt: skip
            if small and len(small) <= MOST_IN_A_TABLE and JOIN not in attribute:
                said.append(self._say("small", attribute=attribute, minimum=minimum, names=", ".join(small)))
            elif small:
                said.append(self._say("small_many", attribute=attribute, minimum=minimum, n=len(small)))
        said = [self._say("not_shown_title"), *map(_item, said)] if said else []
        return said + self._not_computed()

    def _not_computed(self) -> list[str]:
        reasons: dict[str, list[str]] = {}
        for (attribute, _group, metric), row in self._values.items():
            if attribute == OVERALL and not known(row.value) and known(row.reason) and "[" not in metric:
                reasons.setdefault(in_words(str(row.reason), self._language.code), []).append(metric)
        told = "; ".join(f"{', '.join(metrics)} ({reason})" for reason, metrics in reasons.items())
        return [self._say("not_computed") + told + "."] if told else []

    def _figure(self, metric: str, value: Any) -> str:
        if not known(value):
            return "–"
        if metric == "n":
            return self._language.number(value)
        if metric in _POINTS:
            return self._language.signed(100 * float(value), 1)
        return self._language.percent(float(value), 1)


def _item(text: str) -> str:
    """A line of a list, broken where a terminal would break it anyway."""
    return fill(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ", break_long_words=False,
                break_on_hyphens=False)  # fmt: skip
