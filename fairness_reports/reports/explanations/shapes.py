"""How the score changes with the value of a feature: in words and as a small picture.

Belongs here: the sentences of a shape, its picture and figures, which of them stand on the page.
Does not belong here: which way a shape points (shape), drawing (charts_shapes), what practice expected (against).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from markupsafe import Markup, escape

from fairness_reports.language import Language
from fairness_reports.reports.association import about_others, tagged
from fairness_reports.reports.charts_shapes import Row, reach_of, shape
from fairness_reports.reports.context import FeatureLine, ReportContext
from fairness_reports.reports.explanations.shape import HARDLY, Part, Shape, shapes_of
from fairness_reports.reports.figures import cases_word, count, factor_words
from fairness_reports.reports.layout import Block, Cell, Para, Picture, Pictures, Section, Table
from fairness_reports.reports.values import number_words, range_words

MODERATE, STRONG = 0.2, 0.5
"""From here on a shift is called moderate (20 % becomes 23 % or more) and strong (29 % or more)."""
_FACTORS = 8  # the most important ones, of which pictures are shown
_PICTURES = 9
_NAMED = 3  # values named on either side of a shape without one direction


def strength(language: Language, shift: float) -> Markup:
    """How much a shift is, in a word."""
    size = abs(shift)
    return language.t(f"strength.{'slight' if size < MODERATE else 'moderate' if size < STRONG else 'strong'}")


def part_words(language: Language, context: ReportContext, shape: Shape, part: Part) -> Markup:
    """The values of a part."""
    if part.part == "bin":
        return _range(language, shape, [part])
    if part.part == "category":
        return escape(category_words(language, context, shape.line, part.category or ""))
    if part.part == "other" and all(each.part != "category" for each in shape.parts):
        return language.t("value.all")
    return language.t(f"shape.{part.part}")


def category_words(language: Language, context: ReportContext, line: FeatureLine, category: str) -> str:
    """What a category is called where the programme has words for it, else as the data have it."""
    known_words = context.words.attributes.get(line.attribute or line.name)
    return language.text(known_words.values.get(category) if known_words is not None else None) or category


def _range(language: Language, shape: Shape, run: Sequence[Part]) -> Markup:
    low, high = run[0].low, run[-1].high
    place = shape.parts.index(run[0])
    before = shape.parts[place - 1] if place else None
    if before is not None and before.low == before.high == low and low is not None and low != high:
        if high is None:  # the value itself is a bin of its own
            return language.t("value.over", low=number_words(language, shape.line.kind, low))
        ends = {
            "low": number_words(language, shape.line.kind, low),
            "high": number_words(language, shape.line.kind, high),
        }
        return language.t("value.over_under", **ends)
    return range_words(language, shape.line.kind, low, high, below=shape.touching)


def sentences(language: Language, context: ReportContext, shape: Shape) -> list[Markup]:
    """The shape in plain words: which way it points, where the score is lower and higher, where most cases lie."""
    t, tendency = language.t, shape.tendency
    if tendency == "flat" and not shape.whole:
        tendency = "flat_shown"
    spoken = shape.untold or not (tendency == "kinds" or shape.line.kind == "any")
    said = [t(f"shape.{tendency}")] if spoken else []
    if not tendency.startswith("flat"):
        for side in ("lower", "higher"):
            runs = list(_runs(shape, side))
            if runs:
                said.append(t(f"shape.{side}", where=_listed(language, context, shape, runs)))
    typical = shape.typical if shape.line.kind != "any" else None
    if typical is not None and typical.n is not None and typical.low is not None and typical.high is not None:
        size, unit = count(language, context, typical.n), shape.line.kind
        if typical.low == typical.high:
            said.append(t("shape.same", n=size, value=number_words(language, unit, typical.low)))
        else:
            ends = range_words(language, unit, typical.low, typical.high)
            said.append(t("shape.typical", n=size, range=ends))
    return said


def _runs(shape: Shape, side: str) -> Iterator[list[Part]]:
    """Neighbouring bins, or single categories, whose score is lower or higher than on average."""

    def there(part: Part) -> bool:
        mean = part.mean
        return mean is not None and (mean <= -HARDLY if side == "lower" else mean >= HARDLY)

    for inside, run in groupby((part for part in shape.parts if part.part == "bin"), key=there):
        if inside:
            yield list(run)
    others = [part for part in shape.parts if part.part != "bin" and there(part)]
    yield from ([part] for part in sorted(others, key=lambda part: (-abs(part.mean or 0), part.category or "")))


def _listed(language: Language, context: ReportContext, shape: Shape, runs: Sequence[Sequence[Part]]) -> Markup:
    said = []
    for run in runs[:_NAMED]:
        sizes = [abs(part.mean or 0.0) for part in run]
        span, most = (strength(language, end) for end in (min(sizes), max(sizes)))
        if span != most:
            span = Markup(" ").join([span, language.t("strength.between"), most])
        values = _range(language, shape, run) if run[0].part == "bin" else part_words(language, context, shape, run[0])
        said.append(language.t("shape.where", values=values, strength=span))
    more = len(runs) - len(said)
    return Markup(", ").join([*said, *([language.t("shape.more", n=more)] if more else [])])


def feature_label(language: Language, context: ReportContext, line: FeatureLine) -> str:
    """What a feature is called, tagged where it speaks of other people."""
    said = language.text(line.label) if line.label else factor_words(language, context, line.factor)
    return tagged(language, said, about_others([line]).get(line.factor))


def shapes_section(language: Language, context: ReportContext, factors: Sequence[str]) -> Section | None:
    """Pictures of the features of the most important factors; None where the release has no shapes.

    Parameters
    ----------
    language, context
        As for any page.
    factors : sequence of str
        From the one relied on most.
    """
    t, found = language.t, shapes_of(context)
    place = {factor: i for i, factor in enumerate(factors[:_FACTORS])}
    drawn = [each for each in found.values() if each.line.factor in place and each.reach >= HARDLY]
    drawn = sorted(drawn, key=lambda each: (place[each.line.factor], -each.reach, each.line.name))[:_PICTURES]
    if not found:
        return None
    title = t("shape.title")
    untold = len([each for each in found.values() if each.untold])
    if untold == len(found):
        return Section(title, [Para(t("shape.untold"))])
    blocks: list[Block] = [Para(t("shape.intro", cases=cases_word(language, context)))]
    hidden: list[Block] = [Para(t("shape.untold_some", n=untold))] if untold else []
    if not drawn:
        whole = all(each.whole for each in found.values())
        return Section(title, [*blocks, Para(t("shape.none" if whole else "shape.none_shown")), *hidden])
    limits = reach_of([row for each in drawn for row in _rows(language, context, each)])  # one scale: they are compared
    blocks.append(Pictures([_picture(language, context, each, i, limits) for i, each in enumerate(drawn)]))
    blocks += hidden
    rest = len([each for each in found.values() if each not in drawn])
    blocks += [Para(t("shape.rest", n=rest), "small")] if rest else []
    return Section(title, blocks)


def _rows(language: Language, context: ReportContext, each: Shape) -> list[Row]:
    rows = []
    for k, part in enumerate(each.parts):
        words = part_words(language, context, each, part).unescape()
        joined = k > 0 and part.part == each.parts[k - 1].part == "bin"
        size = count(language, context, part.n)
        rows.append(Row(words, part.mean, part.least, part.most, part.n or 0, size, joined))
    return rows


def _picture(
    language: Language, context: ReportContext, each: Shape, number: int, limits: tuple[float, float]
) -> Picture:
    t = language.t
    title = feature_label(language, context, each.line)
    rows, figures = _rows(language, context, each), []
    for part, row in zip(each.parts, rows, strict=True):
        spread = t("form.interval", low=language.signed(part.least), high=language.signed(part.most))
        mean = Cell("–") if part.mean is None else language.signed(part.mean)
        told = part.least is not None and part.most is not None
        figures.append([row.label, row.note, mean, spread if told else "–"])
    said = sentences(language, context, each)
    chart = shape(
        rows,
        identity=f"shape-{number}",
        title=title,
        description=t("shape.description", said=Markup(" ").join(said)).unescape(),
        heads=(t("shape.values"), cases_word(language, context)),
        axis=t("shape.axis"),
        tick=lambda value: language.signed(value, 1),
        limits=limits,
    )
    head = [t("shape.values"), t("fairness.cases"), t("explanations.importance"), t("shape.spread")]
    return Picture(chart, Table(title, head, figures, numbers_from=1), Markup(" ").join(said))
