"""Every field of every file of a pack, from the models: what the template and docs/packs.md are held to."""

from __future__ import annotations

from pydantic import BaseModel, RootModel

from data_contracts.contract import (
    Collected,
    Column,
    KnowledgeDay,
    Lag,
    Overwritten,
    Relationship,
    Table,
    TypeOptions,
    _Head,
)
from data_contracts.core import CoreMapping, Source
from data_contracts.custom_properties import COLUMN_PROPERTIES, CONTRACT_PROPERTIES, TABLE_PROPERTIES
from data_contracts.delivery import _Note
from data_contracts.dialect import Dialect
from data_contracts.rules.items import Arguments, Implementation, Item
from data_contracts.yamldoc import known_fields
from fairness_reports.charter import (
    Acceptance,
    Assessment,
    Charter,
    FairnessThreshold,
    Harm,
    PerformanceThreshold,
    Risk,
    ThirdParty,
    Transparency,
)
from fairness_reports.identification.spec import ObservationSpec, Range, Served
from fairness_reports.mitigation import MitigationSpec
from fairness_reports.spec import ProtectedSpec
from features.fields import Events, ValueRange
from features.kinds import KINDS
from features.words import AttributeWords, FactorWords, Noun, Text, Words
from models.spec import (
    PARAMS,
    AttributeDates,
    Band,
    BandSpec,
    Cadence,
    CandidateSpec,
    CandidatesSpec,
    CohortSpec,
    EvaluationSpec,
    Order,
    OutcomeSpec,
    SplitsSpec,
    Subset,
    UncertaintySpec,
    Vignette,
    VignetteEvent,
    Vignettes,
)
from pipelines.packs import Programme

SETTINGS = list({id(model): model for model in PARAMS.values()}.values())

# file -> the models that are reached from no other: known_fields walks into the models inside them
ROOTS: dict[str, list[type[BaseModel]]] = {
    "contract.odcs.yaml": [_Head, Table, Item],
    "programme.yaml": [Programme, Band, *SETTINGS],
    "charter.yaml": [Charter],
    "words.yaml": [Words],
    "vignettes.yaml": [Vignettes],
}
# keys of the contract that the models never see: read_contract takes them apart first
_TAKEN_APART = {"schema", "customProperties"}

CUSTOM = {*CONTRACT_PROPERTIES, *TABLE_PROPERTIES, *COLUMN_PROPERTIES}
"""Fields that stand as `property: NAME` under customProperties."""

# section of docs/packs.md -> the models whose fields its table lists
SECTIONS: dict[tuple[str, str], list[type[BaseModel]]] = {
    ("contract.odcs.yaml", "The contract"): [_Head],
    ("contract.odcs.yaml", "A table"): [Table],
    ("contract.odcs.yaml", "A column"): [Column],
    ("contract.odcs.yaml", "Bounds"): [TypeOptions],
    ("contract.odcs.yaml", "A reference"): [Relationship],
    ("contract.odcs.yaml", "The knowledge day"): [KnowledgeDay, Lag],
    ("contract.odcs.yaml", "What was collected"): [Collected],
    ("contract.odcs.yaml", "What is overwritten"): [Overwritten],
    ("contract.odcs.yaml", "The dialect"): [Dialect],
    ("contract.odcs.yaml", "A rule"): [Item],
    ("contract.odcs.yaml", "Arguments of a metric"): [Arguments],
    ("contract.odcs.yaml", "Plumbline's own rules"): [Implementation],
    ("programme.yaml", "The programme"): [Programme],
    ("programme.yaml", "Core tables"): [CoreMapping],
    ("programme.yaml", "A source of a core table"): [Source],
    ("programme.yaml", "Cohort"): [CohortSpec, AttributeDates, Cadence],
    ("programme.yaml", "Outcome"): [OutcomeSpec],
    ("programme.yaml", "A feature"): list(KINDS),
    ("programme.yaml", "Events of a feature"): [Events, ValueRange],
    ("programme.yaml", "Protected attributes"): [ProtectedSpec],
    ("programme.yaml", "Observation"): [ObservationSpec, Served, Range],
    ("programme.yaml", "Mitigation"): [MitigationSpec],
    ("programme.yaml", "Candidates"): [CandidatesSpec, CandidateSpec, *SETTINGS],
    ("programme.yaml", "Splits"): [SplitsSpec],
    ("programme.yaml", "Evaluation"): [EvaluationSpec, Subset],
    ("programme.yaml", "Uncertainty"): [UncertaintySpec],
    ("programme.yaml", "Bands"): [Band],
    ("charter.yaml", "The charter"): [Charter],
    ("charter.yaml", "A performance threshold"): [PerformanceThreshold],
    ("charter.yaml", "A fairness threshold"): [FairnessThreshold],
    ("charter.yaml", "An accepted gap"): [Acceptance],
    ("charter.yaml", "The public records"): [Transparency, ThirdParty, Assessment, Risk, Harm],
    ("words.yaml", "words.yaml"): [Words, Noun, FactorWords, AttributeWords, Text],
    ("vignettes.yaml", "vignettes.yaml"): [Vignettes, Order],
    ("vignettes.yaml", "A vignette"): [Vignette],
    ("vignettes.yaml", "An event of a vignette"): [VignetteEvent],
    ("delivery.yaml", "delivery.yaml"): [_Note],
}

_EXTRA = {
    ("contract.odcs.yaml", "The contract"): {"schema", "customProperties"},
    ("contract.odcs.yaml", "A table"): {"customProperties"},
    ("contract.odcs.yaml", "A column"): {"customProperties"},
}


def own_fields(model: type[BaseModel]) -> set[str]:
    """A model's own fields as a pack writes them."""
    return {info.alias or name for name, info in model.model_fields.items()}


def fields_of_file(file: str) -> set[str]:
    """Every field that a file of a pack can have."""
    found = {name for model in ROOTS[file] for name in known_fields(model)}
    if file == "contract.odcs.yaml":
        found |= _TAKEN_APART
    if file == "programme.yaml":
        found -= own_fields(BandSpec)  # a list: its `root` is pydantic's word, not a field
    assert issubclass(BandSpec, RootModel)
    return found


def fields_of_section(section: tuple[str, str]) -> set[str]:
    """Every field that a section of docs/packs.md lists."""
    return {name for model in SECTIONS[section] for name in own_fields(model)} | _EXTRA.get(section, set())
