"""What the terminal says of an audit: in words, short, nothing below the minimum cell.

Belongs here: the text after `plumbline audit`, English and German.
Does not belong here: the pages (fairness_reports.reports), the sentences themselves (sentences).
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Any, Final

from fairness_reports.audit.reasons import in_words
from fairness_reports.language import Language
from fairness_reports.reports.figures import known
from fairness_reports.scored_file.run import Audited
from fairness_reports.scored_file.sentences import Few, say
from fairness_reports.spec import JOIN, NOT_RECORDED, OVERALL, POOLED

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
        self._all = table = audited.table
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
                n=Few(0, about["minimum_cell"]) if about["rows"] is None else about["rows"],
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
            said += [
                "",
                *(self._reference(attribute, group) for attribute, group in about["references"].items()),
            ]
        said += ["", *self._gaps(), *self._not_shown(), "", self._say("remarks")]
        said += [_item(each[self._language.code]) for each in about["notes"]]
        page = Path("reports") / self._language.code / "fairness.html"
        return [*said, "", self._say("results", out=str(out), page=str(page))]

    def _reference(self, attribute: str, group: str) -> str:
        """Where the comparisons with a reference are; rules may have withheld every one of them."""
        against = self._all[(self._all["attribute"] == attribute) & (self._all["reference"] == group)]
        shown = against.loc[against["comparison"].isin(["difference", "ratio"]), "value"].notna().any()
        return self._say("reference" if shown else "reference_withheld", attribute=attribute, group=self._label(group))

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
            label = self._say("everybody") if name == OVERALL else self._label(group)
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
        """Of each attribute and metric the surest finding; where there is none, its name, or why none was compared."""
        clear: list[str] = []
        unclear: dict[str, list[str]] = {}
        why: dict[str, str] = {}
        for attribute in self._about["attributes"]:
            own = self._table[self._table["attribute"] == attribute]
            own = own[own["comparison"].isin(["difference", "largest_gap"]) & own["metric"].isin(SHOWN)]
            compared = set(own.loc[own["low"].notna(), "metric"])
            # what everybody has no figure of is told as not computed; it counts here where nothing at all was compared
            silent = {metric for metric in SHOWN if compared and not self._of_everybody(metric)}
            rest = own[~own["metric"].isin(compared | silent)]
            if len(rest):
                why[attribute] = self._why(rest, bare=not compared)
            for metric in SHOWN:
                rows = [row for row in own[own["metric"] == metric].itertuples() if known(row.low)]
                found = self._finding(attribute, rows)
                if found is not None:
                    clear.append(f"  - {self._gap(found)}")
                elif rows:
                    unclear.setdefault(attribute, []).append(metric)
        said = [self._say("stands_out"), *clear] if clear else [self._say("none_stand_out")] if not why else []
        if unclear and (clear or why):  # where some were not compared, "no gap" would say too much
            said.append(self._say("cannot_tell"))
            said += [
                _item(self._say("open", attribute=name, metrics=", ".join(told))) for name, told in unclear.items()
            ]
        if why:
            said.append(self._say("not_compared" if said else "nothing_compared"))
            said += [_item(self._say("why", attribute=name, reasons=told)) for name, told in why.items()]
        return said

    def _of_everybody(self, metric: str) -> bool:
        row = self._values.get((OVERALL, OVERALL, metric))
        return row is not None and known(row.value)

    def _why(self, rows: Any, bare: bool) -> str:
        """Why no two groups were compared: each reason with its metrics, but a single one alone where `bare`."""
        found: dict[str, list[str]] = {}
        for row in rows[rows["comparison"] == "largest_gap"].itertuples():
            if known(row.reason):
                found.setdefault(in_words(str(row.reason), self._language), []).append(str(row.metric))
        for metrics in found.values():
            metrics.sort(key=SHOWN.index)
        if bare and len(found) == 1:
            return next(iter(found))
        return "; ".join(f"{', '.join(metrics)} ({reason})" for reason, metrics in found.items())

    def _label(self, group: str) -> str:
        """A group's name; those of our own groups in the language."""
        if group == POOLED:
            return self._language.plain("form.pooled")
        return str(self._language.t("form.not_recorded")) if group == NOT_RECORDED else group

    def _finding(self, attribute: str, rows: list[Any]) -> Any | None:
        """A clear difference from the named reference, the largest gap if clear, or a clear difference from everybody.

        Each if there is none before it: the page tells all of them. The largest gap is often one to a very small group,
        and open, where others are clear.
        """
        clear = [row for row in rows if known(row.low) and known(row.high) and (row.low > 0 or row.high < 0)]
        largest = next((row for row in clear if row.comparison == "largest_gap"), None)

        def surest(reference: str | None) -> Any | None:
            single = [row for row in clear if row.comparison == "difference" and row.reference == reference]
            return max(single, key=lambda row: min(abs(row.low), abs(row.high)), default=None)

        return surest(self._about["references"].get(attribute)) or largest or surest(OVERALL)

    def _gap(self, row: Any) -> str:
        metric, signed = str(row.metric), row.comparison == "difference"
        word = str(self._language.word("metric", metric))
        attribute = OVERALL if row.reference == OVERALL else row.attribute
        form = self._language.signed if signed else self._language.number
        return self._say(
            "difference" if signed else "gap",
            attribute=row.attribute,
            metric=f"{word} ({metric})" if metric != "calibration" else metric,
            group=self._label(row.group),
            value=self._figure(metric, self._values[row.attribute, row.group, metric].value),
            reference=self._say("everybody") if row.reference == OVERALL else self._label(row.reference),
            other=self._figure(metric, self._values[attribute, row.reference, metric].value),
            gap=self._language.points(row.value).removeprefix("" if signed else "+"),
            low=form(100 * row.low, 1),
            high=form(100 * row.high, 1),
        )

    def _not_shown(self) -> list[str]:
        """Groups without any figure, and what everybody together has none of, with the reason."""
        said = []
        minimum = self._about["minimum_cell"]
        few, many = ("withheld", "withheld_many") if self._about["disclosure"] else ("small", "small_many")
        for attribute in [*self._about["attributes"], *self._about["intersections"]]:
            small = [group for (name, group, metric), row in self._values.items()
                     if name == attribute and metric == "n" and not known(row.value) and group != POOLED]  # fmt: skip
            if small and len(small) <= MOST_IN_A_TABLE and JOIN not in attribute:
                said.append(
                    self._say(few, attribute=attribute, minimum=minimum, names=", ".join(map(self._label, small)))
                )
            elif small:
                said.append(self._say(many, attribute=attribute, minimum=minimum, n=len(small)))
        said = [self._say("not_shown_title"), *map(_item, said)] if said else []
        return said + self._not_computed()

    def _not_computed(self) -> list[str]:
        reasons: dict[str, list[str]] = {}
        for (attribute, _group, metric), row in self._values.items():
            if attribute == OVERALL and not known(row.value) and known(row.reason) and "[" not in metric:
                reasons.setdefault(in_words(str(row.reason), self._language), []).append(metric)
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
