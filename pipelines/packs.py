"""A programme's pack as one value: the sections of every room, with all mistakes at once.

Belongs here: the model of programme.yaml's own fields, composing the rooms' sections, checks across files.
Does not belong here: what a section means (its room), or the template of a new pack (pipelines.new_pack).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

import data_contracts
from data_contracts.contract import Contract, read_contract
from data_contracts.core import CoreMapping, vocabulary
from data_contracts.core import check as check_core
from data_contracts.errors import Mistake, PackError, UsageError
from data_contracts.yamldoc import Document, Location, nearest, read_document, sound_items, sound_parts, validate
from fairness_reports import charter as charters
from fairness_reports.charter import Charter
from fairness_reports.identification.spec import ObservationSpec
from fairness_reports.identification.spec import check as check_observation
from fairness_reports.mitigation.spec import MitigationSpec
from fairness_reports.mitigation.spec import check as check_mitigation
from fairness_reports.spec import ProtectedSpec
from fairness_reports.wording import check_texts, check_words
from features import check as feature_check
from features import words as factor_words
from features.spec import FeatureSpec
from features.words import Text, Words
from models.metrics import known_metrics
from models.spec import (
    BandSpec,
    CandidatesSpec,
    CohortSpec,
    EvaluationSpec,
    OutcomeSpec,
    SplitsSpec,
    UncertaintySpec,
    Vignette,
    Vignettes,
    check_names,
    check_subsets,
)
from models.spec import vignettes as fictional

BUILT_IN = Path(data_contracts.__file__).parent / "programmes"
VIGNETTES = "vignettes.yaml"


class Programme(BaseModel):
    """programme.yaml: its own fields, and the sections whose models the rooms own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z](_?[a-z0-9]){1,40}$")  # no “__”: it parts names in the warehouse
    title: Text
    description: Text
    credit: Text | None = None
    simulated: bool = False
    time_zone: str
    schedule: Annotated[
        list[str],
        BeforeValidator(
            lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | list[str]
        ),
    ]
    first_as_of: date
    default_as_of: date | None = None
    seed: int = Field(default=1, ge=0, lt=2**31)
    core: CoreMapping
    cohort: CohortSpec
    outcome: OutcomeSpec
    features: list[FeatureSpec]
    protected: ProtectedSpec
    observation: ObservationSpec | None = None
    mitigation: MitigationSpec = MitigationSpec()
    candidates: CandidatesSpec
    splits: SplitsSpec = SplitsSpec()
    evaluation: EvaluationSpec = EvaluationSpec()
    uncertainty: UncertaintySpec = UncertaintySpec()
    bands: BandSpec

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"“{value}” is no time zone. {nearest(value, sorted(available_timezones()))}".strip())
        return value

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, value: list[str]) -> list[str]:
        if not value or any(len(cron.split()) != 5 for cron in value):
            raise ValueError("write the schedule as five cron fields, such as “0 6 1 * *” (06:00 on the 1st)")
        return value


@dataclass(frozen=True)
class Pack:
    """A programme's pack, loaded.

    Attributes
    ----------
    path : Path
        Its folder.
    contract, programme, charter, words
        The four files.
    vignettes : Vignettes or None
        vignettes.yaml, where there is one.
    """

    path: Path
    contract: Contract
    programme: Programme
    charter: Charter
    words: Words
    vignettes: Vignettes | None = None

    @property
    def name(self) -> str:
        """The programme's name."""
        return self.programme.name

    @cached_property
    def config_hash(self) -> str:
        """Hash of everything declared but the charter's decisions: contract, programme, words, vignettes, records."""
        said = {
            "contract": self.contract.sha256,
            "programme": self.programme.model_dump(mode="json"),
            "words": self.words.model_dump(mode="json"),
        }
        if self.vignettes is not None:
            said["vignettes"] = self.vignettes.model_dump(mode="json")
        if self.charter.transparency is not None:  # no part of the charter's hash
            said["transparency"] = self.charter.transparency.model_dump(mode="json")
        return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def require_sign_off(self) -> None:
        """Refuse to train without a signed-off charter.

        Raises
        ------
        PackError
            With every placeholder's line.
        """
        if self.charter.is_signed_off:
            return
        document, _ = read_document(self.path / "charter.yaml")
        todo = "Fill it in; until then the pack serves `check` and `dummy` only."
        file = document or Document(self.path, None)
        named = [(place, ".".join(str(step) for step in place)) for place in self.charter.placeholders]
        raise PackError(
            self.path,
            [file.mistake(place, f"“{name}”: a placeholder is not a sign-off.", todo) for place, name in named],
        )


def built_in() -> list[str]:
    """Names of the programmes that come with Plumbline."""
    return sorted(folder.name for folder in BUILT_IN.iterdir() if (folder / "programme.yaml").is_file())


def find_pack(name_or_path: str) -> Path:
    """The folder of a built-in programme, of one named in `$PLUMBLINE_PACKS`, or the path itself.

    Raises
    ------
    UsageError
        When there is no such programme or folder.
    """
    if name_or_path in built_in():
        return BUILT_IN / name_or_path
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path
    for folder in own_packs():
        if folder.name == name_or_path:
            return folder
    known = built_in()
    near = nearest(name_or_path, known) or f"Built in: {', '.join(known)}."
    raise UsageError("there is no such programme, and no folder of that name.", where=name_or_path, todo=near)


def own_packs() -> list[Path]:
    """Folders named in `$PLUMBLINE_PACKS`."""
    return [Path(part) for part in os.environ.get("PLUMBLINE_PACKS", "").split(os.pathsep) if part]


def load_pack(name_or_path: str) -> Pack:
    """Load a pack.

    Parameters
    ----------
    name_or_path : str
        A built-in name or the path of a folder.

    Returns
    -------
    Pack

    Raises
    ------
    PackError
        With every mistake in every file.
    UsageError
        When there is no such pack.
    """
    path = find_pack(name_or_path)
    contract, mistakes = read_contract(path / "contract.odcs.yaml")
    parts: dict[str, Any] = {}
    documents: dict[str, Document] = {}
    models: list[tuple[str, type[BaseModel]]] = [
        ("programme.yaml", Programme),
        ("charter.yaml", Charter),
        ("words.yaml", Words),
    ]
    if os.path.lexists(path / VIGNETTES):  # the one file that a pack may do without
        models.append((VIGNETTES, Vignettes))
    for file, model in models:
        document, found = read_document(path / file)
        mistakes += found
        if document is not None:
            documents[file] = document
            if model is Programme and contract is not None:
                mistakes += _take_categories(document, contract)
            parts[file], found = validate(model, document)
            mistakes += found
    mistakes += _across(documents, contract, parts)
    programme: Programme | None = parts.get("programme.yaml")
    charter: Charter | None = parts.get("charter.yaml")
    words: Words | None = parts.get("words.yaml")
    if mistakes or contract is None or programme is None or charter is None or words is None:
        raise PackError(path, mistakes)
    return Pack(path, contract, programme, charter, words, parts.get(VIGNETTES))


def _take_categories(document: Document, contract: Contract) -> list[Mistake]:
    """Let features that say `categories: contract` have the contract's values."""
    features = document.data.get("features") if isinstance(document.data, dict) else None
    core, mistakes = validate(CoreMapping, document, ("core",))
    if mistakes or core is None:
        return []  # told when the whole file is read
    found = feature_check.take_categories(features, vocabulary(core, contract).values)
    return [document.mistake(("features", *place), what, todo) for place, what, todo in found]


def _across(documents: dict[str, Document], contract: Contract | None, parts: dict[str, Any]) -> list[Mistake]:
    """What one file says that another does not bear out, as far as the parts compared are sound themselves."""
    told: list[Mistake] = []

    def part(file: str, model: type[BaseModel]) -> Any:
        return parts.get(file) or (sound_parts(model, documents[file]) if file in documents else None)

    def tell(file: str, prefix: Location, problems: list[tuple[Location, str, str]]) -> None:
        told.extend(documents[file].mistake((*prefix, *place), what, todo) for place, what, todo in problems)

    def has(value: Any, *names: str) -> bool:
        return all(hasattr(value, name) for name in names)

    programme, charter, words = (
        part(file, model)
        for file, model in (("programme.yaml", Programme), ("charter.yaml", Charter), ("words.yaml", Words))
    )
    if contract is not None and has(programme, "core"):
        tell("programme.yaml", ("core",), check_core(programme.core, contract))
        known = vocabulary(programme.core, contract)
        who = programme.cohort if has(programme, "cohort") else None
        what = programme.outcome if has(programme, "outcome") else None
        tell("programme.yaml", (), check_names(who, what, known.attributes, known.event_types, known.categories))
    if contract is not None and has(programme, "core", "evaluation"):
        known = vocabulary(programme.core, contract)
        tell("programme.yaml", ("evaluation",), check_subsets(programme.evaluation, known.attributes, known.values))
    if contract is not None and has(programme, "core", "protected", "observation") and programme.observation:
        known = vocabulary(programme.core, contract)
        found = check_observation(programme.observation, programme.protected, known.attributes, known.values)
        tell("programme.yaml", ("observation",), found)
    if has(programme, "protected", "mitigation"):
        names = [spec.name for spec in programme.features] if has(programme, "features") else None
        tell("programme.yaml", ("mitigation",), check_mitigation(programme.mitigation, programme.protected, names))
    if programme is not None:
        features = list(enumerate(programme.features)) if has(programme, "features") else None
        if features is None:  # one feature with a mistake does not hide those of the others
            features = sound_items(FeatureSpec, documents["programme.yaml"], ("features",))
        if features or has(programme, "features"):
            found = feature_check.check(
                [feature for _, feature in features],
                vocabulary=vocabulary(programme.core, contract) if has(programme, "core") else None,
                outcome_event_types=programme.outcome.event_type if has(programme, "outcome") else (),
                protected=programme.protected.attributes if has(programme, "protected") else (),
                places=[place for place, _ in features],
                line=lambda place: documents["programme.yaml"].line(("features", *place)),
            )
            tell("programme.yaml", ("features",), found)
        # a charter whose section is itself wrong, or that cannot be read, is told in its own place
        written = documents["charter.yaml"].data if charter is not None else None
        unsound = not isinstance(written, dict) or not {"by_association"} & set(written) <= charter.model_fields_set
        found = charters.check_association(
            features,
            charter.reason_by_association if charter is not None else None,
            memberships=not has(programme, "core") or bool(programme.core.membership),
            told=unsound,
        )
        tell("programme.yaml", ("features",), found)
    if contract is not None and has(programme, "core") and VIGNETTES in documents:
        cases = sound_items(Vignette, documents[VIGNETTES], ("vignettes",))
        known = vocabulary(programme.core, contract)
        tell(VIGNETTES, ("vignettes",), fictional.check(cases, known, [feature for _, feature in features or []]))
    if has(programme, "features", "protected") and has(words, "factors", "attributes"):
        tell("words.yaml", (), factor_words.check(words, programme.features, programme.protected.attributes))
    if words is not None:
        tell("words.yaml", (), check_words(words))
    if programme is not None:
        tell("programme.yaml", (), check_texts(programme, "title", "description", "features", "bands"))
    if has(programme, "bands") and has(words, "bands"):
        missing = [b.name for b in programme.bands.root if b.name not in words.bands]
        tell("words.yaml", ("bands",), [((), f"the band “{b}” has no words.", "Add it in en and de.") for b in missing])
    if has(programme, "protected") and has(charter, "performance", "fairness", "accepted", "sign_off", "review_date"):
        measured = (
            known_metrics(programme.evaluation, programme.outcome.also_within)
            if has(programme, "evaluation", "outcome")
            else None
        )
        tell("charter.yaml", (), charters.check(charter, programme.protected, measured))
    return told
