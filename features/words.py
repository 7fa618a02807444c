"""The words of practice: what a case, an outcome, a factor and a group are called, in English and German.

Belongs here: the model of `words.yaml` and the check that it is complete.
Does not belong here: what the reports say around these words (fairness_reports), or how a feature is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from data_contracts.yamldoc import Location, Nearest

Problem = tuple[Location, str, str]
"""Where in the section, what is wrong, what to do."""

NonBlank = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _text_keys(value: Any) -> Any:
    # YAML reads the group 0 as a number; in core tables every attribute value is text
    return {str(k) if isinstance(k, int) else k: v for k, v in value.items()} if isinstance(value, dict) else value


class Text(BaseModel):
    """The same words in both languages; neither may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: NonBlank
    de: NonBlank

    def __getitem__(self, language: str) -> str:
        """The words in one language, `en` or `de`."""
        return {"en": self.en, "de": self.de}[language]


class Noun(BaseModel):
    """A thing that reports count: one of it, and many."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    one: Text
    many: Text


class FactorWords(BaseModel):
    """What a factor is called and, where the name does not say it, what it means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Text
    description: Text | None = None


class AttributeWords(BaseModel):
    """What an attribute is called, and each of its values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Text
    values: Annotated[dict[str, Text], BeforeValidator(_text_keys)] = Field(default_factory=dict)


class Words(BaseModel):
    """A programme's `words.yaml`.

    Attributes
    ----------
    case : Noun
        What gets a score: an enrolment, a referral.
    person : Noun, optional
        Whom a case is about.
    outcome : Text
        The agency event predicted, as a finished sentence part: "withdrew within 90 days".
    factors : dict of FactorWords
        By the key that features name.
    attributes : dict of AttributeWords
        By name: every protected attribute; others whose values are to be told in words.
    bands : dict of Text
        By the name of the score band.
    questions : list of Text
        What to ask oneself before a score is used; shown with every case. Without them general ones are shown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    case: Noun
    person: Noun | None = None
    outcome: Text
    factors: dict[str, FactorWords]
    attributes: dict[str, AttributeWords] = Field(default_factory=dict)
    bands: dict[str, Text] = Field(default_factory=dict)
    questions: list[Text] = Field(default_factory=list)


class HasFactor(Protocol):
    """Anything that names a factor: a feature, a column."""

    @property
    def factor(self) -> str:
        """Key of the factor."""
        ...


def check(
    words: Words, features: Sequence[HasFactor], attributes: Collection[str] | Mapping[str, Collection[str]] = ()
) -> list[Problem]:
    """Say which words are missing.

    Parameters
    ----------
    words : Words
        The dictionary.
    features : sequence of FeatureSpec
        Every factor that one of them names must be here.
    attributes : collection of str, or mapping of str to collection of str
        The protected attributes; a mapping also names the values that must have words.

    Returns
    -------
    list of (location, what, todo)
        Locations are places in `words.yaml`. A missing language is not among them: `Text` does not load without it.
    """
    problems: list[Problem] = []
    nearest = Nearest()
    for key in sorted({feature.factor for feature in features} - set(words.factors)):
        near = nearest(key, words.factors)
        problems.append((("factors",), f"the factor “{key}” has no words.", near or "Add its label in en and de."))
    for name in sorted(attributes):
        if name not in words.attributes:
            near = nearest(name, words.attributes)
            problems.append(
                (("attributes",), f"the protected attribute “{name}” has no words.", near or "Add its label.")
            )
        elif isinstance(attributes, Mapping):
            known = words.attributes[name].values
            problems += [
                (("attributes", name, "values"), f"“{name}” has no words for “{value}”.", "Add it in en and de.")
                for value in sorted(set(attributes[name]) - set(known))
            ]
    return problems
