"""The page of the public records: transparency record, impact assessment, data inventory, kinds of explanation, gaps.

Belongs here: how these records stand on a page.
Does not belong here: what they say (fairness_reports.transparency makes `ReportContext.records`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from fairness_reports.language import Language, catalogue
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.layout import Block, Cell, Facts, Fold, Links, Page, Para, Section, Table, code

ROLES = ("owner", "practice_lead", "data_protection", "analyst", "supplier")
KINDS = {
    "rationale": "explanations",
    "responsibility": "model_card",
    "data": "quality",
    "fairness": "fairness",
    "safety_and_performance": "models",
    "impact": "index",
}
"""The six kinds of explanation of the ICO and the Alan Turing Institute ("Explaining decisions made with AI", 2020),
and the page on which each is found."""
_WORDS = {"atrs": "atrs", "impact_assessment": "impact", "data_inventory": "inventory", "model_card": "card.field"}


def transparency_page(language: Language, context: ReportContext) -> Page:
    """The public records of a release."""
    t, made = language.t, context.records
    if made is None:
        return Page("transparency", [Section(t("transparency.title"), [Para(t("transparency.none"))])])
    opening: list[Block] = [Para(t("transparency.intro"), "lead"), Para(t("transparency.for_whom"))]
    if context.simulated:
        opening.append(Para(t("transparency.simulated"), "note"))
    opening.append(Para(t("transparency.files"), "small"))
    return Page(
        "transparency",
        [
            Section(t("transparency.title"), opening),
            _kinds(language),
            *_record(language, made, "atrs"),
            *_record(language, made, "impact_assessment"),
            _inventory(language, made["data_inventory"]["content"]),
            _missing(language, made),
        ],
    )


def _kinds(language: Language) -> Section:
    t = language.t
    items = [
        (f"{page}.html", str(t(f"transparency.kind.{kind}")), str(t(f"transparency.kind_about.{kind}")))
        for kind, page in KINDS.items()
    ]
    return Section(t("transparency.kinds_title"), [Para(t("transparency.kinds_intro")), Links(items)])


def _record(language: Language, made: Mapping[str, Any], name: str) -> list[Section]:
    """A record whose content is entries by section."""
    t, words = language.t, _WORDS[name]
    sections = [Section(t(f"{words}.title"), [Para(t(f"{words}.intro"))])]
    for part, entries in made[name]["content"].items():
        title = t(f"{words}.section.{part.replace('(', '_').replace(')', '')}")
        rows = [(_label(language, words, each), _answers(language, each)) for each in entries]
        sections.append(Section(title, [Facts(rows)], level=3))
    return sections


def _label(language: Language, words: str, each: Mapping[str, Any]) -> str:
    """A field's name; in German the standard's own English name stands under it."""
    key = f"{words}.{each['field']}"
    label = language.t(key)
    if "number" in each:
        label = Markup("{} {}").format(each["number"], label)
    official = catalogue("en")[key]
    if words == "atrs" and language.code != "en" and official != catalogue(language.code)[key]:
        return label + Markup(' <span class="sub" lang="en">{}</span>').format(official)
    return label


def _answers(language: Language, each: Mapping[str, Any]) -> list[str]:
    told = [text if isinstance(text, str) else text[language.code] for text in each["value"] or []]
    if not each["missing"]:
        return told
    key = "transparency.partly_missing" if told else "transparency.missing"
    gap = language.t(key, who=language.t(f"who.{each['who']}"))
    return [*told, Markup('<span class="missing">{}</span>').format(gap)]


def _inventory(language: Language, content: Mapping[str, Any]) -> Section:
    t = language.t
    blocks: list[Block] = [
        Para(t("inventory.intro")),
        Para(t("inventory.contract", **{name: content["contract"][name] for name in ("id", "version")}), "small"),
    ]
    for table in content["tables"]:
        columns = table["columns"]
        summary = t("inventory.table", table=table["table"], n=len(columns))
        blocks.append(Fold(summary, [_fields(language, table), _columns(language, table)]))
    for table in content["made_here"]:
        blocks.append(Fold(t("inventory.made", table=table["table"]), [_fields(language, table)]))
    return Section(t("inventory.title"), blocks)


def _fields(language: Language, table: Mapping[str, Any]) -> Facts:
    rows = [(language.t(f"inventory.{each['field']}"), _answers(language, each)) for each in table["fields"]]
    return Facts(rows)


def _columns(language: Language, table: Mapping[str, Any]) -> Table:
    t = language.t
    rows: list[list[Cell | str]] = []
    for column in table["columns"]:
        marks = [t(f"inventory.tag.{tag}") for tag in column["tags"]]
        own = {each["field"]: each for each in column["fields"]}["purpose"] if column["own_purpose"] else None
        purpose = ". ".join(_answers(language, own)) if own is not None else t("inventory.as_table")
        if not column["read"]:
            purpose = t("transparency.not_read")
        name = Cell(code(column["column"]))
        rows.append([name, t(f"inventory.type.{column['type']}"), ", ".join(marks) or "–", purpose])
    head = [t(f"inventory.{name}") for name in ("column", "type_of", "marks", "purpose")]
    return Table(t("inventory.columns", table=table["table"]), head, rows)


def _missing(language: Language, made: Mapping[str, Any]) -> Section:
    """What people still have to say, by the role that should."""
    t = language.t
    gaps: dict[str, dict[str, str]] = {role: {} for role in ROLES}
    for name, words in _WORDS.items():
        for each in made[name]["missing"]:
            line = t("transparency.gap", field=t(f"{words}.{each['field']}"), source=code(each["source"]))
            gaps[each["who"]].setdefault(each["source"], line)
    rows: list[tuple[str, Sequence[str]]] = [
        (t(f"who.{role}"), list(told.values())) for role, told in gaps.items() if told
    ]
    title = t("transparency.missing_title")
    if not rows:
        return Section(title, [Para(t("transparency.missing_none"))])
    blocks: list[Block] = [Para(t("transparency.missing_intro")), Facts(rows), Para(t("transparency.missing_how"))]
    return Section(title, blocks)
