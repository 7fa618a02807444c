"""What a release and its contract know of the data, for the transparency record.

Belongs here: the answers of the sections on development and operational data.
Does not belong here: the inventory of every column (inventory), the model (atrs_model).
"""

from __future__ import annotations

from collections.abc import Callable

from data_contracts.contract import Contract
from fairness_reports.language import Language
from fairness_reports.reports.context import ReportContext
from fairness_reports.reports.figures import attribute_label, cases_word, is_overall
from fairness_reports.spec import JOIN
from fairness_reports.transparency.atrs_model import datasets
from fairness_reports.transparency.entries import PLUMBLINE, Said, both, sentence
from fairness_reports.transparency.inventory import collected_texts, rows_text
from fairness_reports.transparency.sources import Answer, charter_field, from_charter

SENSITIVE = ("protected", "proxy", "entrusted", "birth_date")
CONTRACT = "contract.odcs.yaml"


def data_answers(context: ReportContext, contract: Contract) -> dict[str, Answer]:
    """Answers by field of the sections on data."""
    tables = [", ".join(table.name for table in contract.tables)]
    sensitive = Answer(_sensitive(context, contract), CONTRACT)
    sharing = from_charter(context, "data_sharing")
    # how long is known; who may see them, and where they lie, only people know
    told = from_charter(context, "data_access_and_storage")
    storage = Answer([*charter_field(context, "retention"), *told.value], told.source, open_part=not told.value)
    collected = [text for table in contract.tables for text in collected_texts(table)]
    untold = any(not table.collected for table in contract.tables)
    return {
        "system_level_input": Answer(tables, CONTRACT),
        "development_data_description": Answer([_described(context), *tables], CONTRACT),
        "data_modality": Answer([sentence("transparency.modality")], PLUMBLINE),
        "data_quantities": Answer([*_quantities(context, contract), *datasets(context)], "open/quality.parquet"),
        "sensitive_attributes": sensitive,
        "data_completeness_and_representativeness": Answer(_completeness(context), "open/quality.parquet"),
        "data_cleaning": Answer([sentence("transparency.cleaning")], PLUMBLINE),
        "data_collection": Answer(collected, f"{CONTRACT}: collected", open_part=untold),
        "data_access_and_storage": storage,
        "data_sharing_agreements": sharing,
        "operational_data_sources": Answer(tables, CONTRACT),
        "operational_sensitive_attributes": sensitive,
        "operational_data_processing_methods": Answer([sentence("transparency.processing")], PLUMBLINE),
        "operational_data_access_and_storage": storage,
        "operational_data_sharing_agreements": sharing,
    }


def _described(context: ReportContext) -> Said:
    return both(lambda language: language.t("transparency.data_described", cases=cases_word(language, context)))


def _quantities(context: ReportContext, contract: Contract) -> list[Said]:
    return [both(rows_text(context, table)) for table in contract.tables]


def _sensitive(context: ReportContext, contract: Contract) -> list[Said]:
    """The audited attributes in words, and every column that the contract marks."""
    told = context.fairness["attribute"]
    names = [str(name) for name in dict.fromkeys(told[~told.map(is_overall)]) if JOIN not in str(name)]
    found: list[Said] = [both(attribute_name(context, name)) for name in names]
    for table in contract.tables:
        for column in table.columns:
            marks = [tag for tag in SENSITIVE if tag in column.tags]
            if marks and column.name not in names:
                found.append(f"{table.name}.{column.name}")
    return found or [sentence("transparency.none_marked")]


def attribute_name(context: ReportContext, name: str) -> Callable[[Language], str]:
    """The words for an audited attribute, in a language that is asked for later."""
    return lambda language: attribute_label(language, context, name)


def _completeness(context: ReportContext) -> list[Said]:
    """How many rules were checked and broken; what cannot be known from the data."""
    rules = context.quality[context.quality["severity"] != "info"]
    broken = int((~rules["passed"].astype(bool)).sum())
    told: list[Said] = [
        both(
            lambda language: language.t(
                "transparency.rules", checked=language.number(len(rules)), broken=language.number(broken)
            )
        )
    ]
    declared = context.observation is not None
    return [*told, sentence("transparency.observed" if declared else "transparency.not_observed")]
