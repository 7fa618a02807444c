"""What commands refuse, in the language that was asked for.

Belongs here: an error made of the sentences of a refusal, `refused.NAME.what` and, where there is one,
`refused.NAME.todo`.
Does not belong here: the sentences (catalogue/{en,de}/refused.po), deciding what is refused (the commands).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from data_contracts.errors import PlumblineError, RefusedError
from fairness_reports.language import Language

E = TypeVar("E", bound=PlumblineError)


def refusal(
    kind: type[E],
    language: Language,
    name: str,
    *,
    where: str | None = None,
    reasons: Sequence[str] | None = None,
    **values: Any,
) -> E:
    """An error whose sentences and heading are of one language.

    Parameters
    ----------
    kind : type of PlumblineError
        Its class, which says the exit code.
    language : Language
        Its language.
    name : str
        Its name in the catalogue.
    where : str, optional
        The file, option, column or release.
    reasons : sequence of str, optional
        Of a RefusedError: what is shown in place of its sentences.
    **values : object
        What stands for the sentences' placeholders. Never a value from a row.

    Returns
    -------
    PlumblineError
        To be raised.
    """
    what = language.plain(f"refused.{name}.what", **values)
    todo = language.plain(f"refused.{name}.todo", **values) if language.has(f"refused.{name}.todo") else None
    error = kind(what, where=where, todo=todo, lang=language.code)
    if reasons is not None and isinstance(error, RefusedError):
        error.reasons = list(reasons)
    return error


def without_scores(language: Language, manifest: Mapping[str, Any]) -> RefusedError:
    """The refusal of a release whose verdict withholds scores: its headline, and the verdict's reasons."""
    told = [manifest["headline"], *(reason["text"] for reason in manifest["reasons"])]
    return refusal(RefusedError, language, "no_scores", reasons=[each[language.code] for each in told])
