"""Words that no report, and no pack, may say of a recorded outcome or of a model, in English and German.

Belongs here: what is refused, where it is harmless, and the check of a pack's own words.
Does not belong here: sentences (catalogue), or the words themselves (features.words).

What is refused, and why: names of an outcome that say more than the agency's event ("probability of abuse"); a
judgement on a person ("dangerous", "at-risk child"); "need" of a recorded outcome, which is what an agency did
and not what somebody needed; a bare "fit", which says neither for what nor by whom it was agreed; verbs of
causing for what only goes along; and a person's future, told as if it were known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel

from data_contracts.yamldoc import Location
from features.words import Problem, Words

_HARM_EN = r"(?:(?:child|sexual|physical|emotional|domestic) )?(?:abuse|neglect|maltreatment|harm|danger|violence)"
_HARM_DE = r"(?:\w+ )?(?:\w*missbrauch|\w*misshandlung|\w*vernachlässigung|\w*gefährdung|gewalt)\w*"
_BADLY_EN = r"(?:abuse|neglect|maltreat|harm|hurt|withdraw|fail|drop out|reoffend|be (?:placed|taken|harmed|abused))"
_BADLY_DE = r"(?:abbrechen|misshandeln|missbrauchen|vernachlässigen|scheitern|rückfällig)"

REFUSED: dict[str, tuple[str, ...]] = {
    "en": (
        # more than was recorded
        rf"\b(?:probability|likelihood|chance|odds|risk|prediction) of {_HARM_EN}\b",
        rf"\b{_HARM_EN} (?:probability|risk|score)\b",
        # judgements on persons
        r"\bdangerous(?:ly)?\b",
        r"\bendanger\w*",
        r"\bin danger\b",
        r"\bat[- ]risk\b(?! of (?:re-?identif|disclos))",
        r"\b(?:very )?(?:high|higher|highest|medium|low|lower)[- ]risk\b(?! (?:AI|system|use))",
        r"\brisky\b",
        r"\brisk (?:scores?|levels?|groups?|class(?:es)?|child\w*|famil\w+|persons?|people|cases?)\b",
        # need, said of what was recorded
        r"\bin need\b",
        r"\bneedy\b",
        r"\bneeds? for (?:help|support|care|protection|services?|assistance)\b",
        r"\b(?:level|degree|probability|likelihood) of need\b",
        r"\b(?:has|have|had|with|un ?met|high|higher|greater) needs?\b",
        r"\bneed(?:s|ed|ing)? (?:\w+ )?(?:help|support|protection|care|a placement|to be placed)\b",
        r"\bneeds? (?:score|level)s?\b",
        # a bare judgement on a model
        r"\b(?:un)?fit\b(?![- ](?:to|of|the|a|on)\b)",
        # causing, of what goes along
        r"\bcaus(?:e|es|ed|ing)\b",
        r"\b(?:lead|leads|led|leading) (?:\w+ )?to\b",
        r"\bdrives\b",
        r"\bdriven by\b",
        r"\bdriv(?:e|ing) (?:the|up|down|these|outcomes?|scores?)\b",
        r"\bdrivers? (?:of|for|behind)\b",
        r"\btrigger(?:s|ed|ing)?\b",
        r"\bdue to\b",
        r"\bowing to\b",
        r"\bbecause of\b",
        r"\bas a result of\b",
        r"\bresult(?:ed|ing) in\b",
        r"\beffects? (?:of|on)\b",
        r"\baffects?\b",
        r"\baffecting\b",
        r"\baffected by\b",
        r"\binfluenc(?:e|es|ed|ing)\b",
        r"\bimpacts? of\b",
        r"\bimpact(?:s|ed)? on (?!fundamental|rights)",
        r"\bbr(?:ings?|ought) about\b",
        r"\bg(?:ives?|ave) rise to\b",
        r"\bmakes? (?:\w+ ){1,4}(?:more|less) likely\b",
        r"\b(?:increase|raise|reduce|lower)s? the (?:risk|chance|likelihood|probability)\b",
        # telling a person's future
        r"\bpredicts? (?:that|who|whether)\b",
        rf"\bwill (?:\w+ )?{_BADLY_EN}\b",
        rf"\blikely to {_BADLY_EN}\b",
        r"\b(?:this|the) (?:child|family|person|student|client|parent|mother|father) (?:will|is (?:going|likely) to)\b",
    ),
    "de": (
        rf"\b(?:Wahrscheinlichkeit|Risiko|Gefahr|Vorhersage) (?:von|eines|einer|für|der|des) {_HARM_DE}",
        r"\b(?:Missbrauchs|Misshandlungs|Vernachlässigungs|Gefährdungs|Gewalt)(?:wahrscheinlich|risik|gefahr|wert)\w*",
        r"\w*gefährlich\w*",
        r"\bGefährder\w*",
        r"\bgefährdet\w*",
        r"\bin Gefahr\b",
        r"\bRisiko(?:kind|famili|person|grupp|fall|fäll)\w*",
        r"\bRisiko(?:wert|klasse|stufe)\w*",
        r"\bHochrisiko(?!-?(?:KI|System))\w*",
        r"\brisikoreich\w*",
        r"\briskant\w*",
        # "bei Bedarf" and the verb "es bedarf" speak of nobody; Förderbedarf is what a school authority decides
        r"(?<!bei )(?-i:\bB(?:edarfe?s?|EDARF)\b)",
        r"\b\w+(?<!\bförder)(?<!förderungs)bedarfe?s?\b",
        r"\b(?:hilfe?s?)?bedürftig\w*",
        r"\bHilf(?:e|s)bedürft\w*",
        r"\bbrauch(?:t|en|te|ten) (?:\w+ ){0,2}(?:Hilfe|Unterstützung|Schutz|Betreuung)\b",
        r"\b(?:un)?geeignet\b",
        r"\b(?:un)?tauglich\b",
        r"\w*verursach\w*",
        r"\bUrsachen?\b",
        r"\bbewirk\w*",
        r"\bführ(?:t|en|te|ten)\b(?: \w+){0,3} zu(?:r|m)?\b",
        r"\b(?:lös(?:t|en|te|ten))\b[^.,;]{0,40}\baus\b",
        r"\bausgelöst\b",
        r"\bauslös(?:en|t|te|ten|end\w*|er\w*)\b",
        r"\baufgrund\b",
        r"\bauf Grund\b",
        r"\binfolge\b",
        r"\bbedingt durch\b",
        r"\bdurch \w+ bedingt\b",
        r"\bwegen (?:des Faktors|der Faktoren|hoher|niedriger|vieler|weniger|fehlender)\b",
        r"\bbeeinfluss\w*",
        r"\bEinfl(?:uss|üsse)\w*",
        r"\b(?:Aus)?[Ww]irkung(?:en)? (?:von|des|der|auf)\b(?! die Grundrechte| Grundrechte)",
        r"\bwirk(?:t|en) sich\b",
        r"\bEffekte? (?:von|des|der|auf)\b",
        r"\bzurückzuführen\b",
        r"\btreib(?:t|en)\b",
        r"\b(?:erhöh|steiger|senk|verringer)(?:t|n|en) (?:das Risiko|die Wahrscheinlichkeit|die Gefahr)\b",
        r"\bsag(?:t|en) voraus, (?:dass|ob|wer)\b",
        r"\b(?:vorher|voraus)sag\w*, (?:dass|wer)\b",
        rf"\b(?:Kind|Familie|Person|Klient\w*|Mutter|Vater|Studierende) wird (?:\w+ ){{0,6}}{_BADLY_DE}\b",
    ),
}

# Names of what somebody fears or suffers: an outcome may use them only where the words say that it was recorded.
_FEARED = {
    "en": r"\w*abus\w*|neglect\w*|(?:mal|mis|ill-?)treat\w*|danger\w*|\w*harm\w*|risk\w*|\w*need(?:s|ed|y)?\b|"
    r"violen\w*|unsafe|suffer\w*|vulnerab\w*|likely|probab\w*",
    "de": r"\w*missbr[aä]uch\w*|\w*misshand\w*|\w*vernachlässig\w*|\w*gef[aä]hr\w*|\w*risik\w*|\w*bedarf\w*|"
    r"\w*bedürf\w*|\w*schäd\w*|\w*schad(?:en|et)\w*|\w*gewalt\w*|leide\w*|litt\w*|wahrscheinlich\w*|vermutlich",
}
_RECORDED = {
    "en": r"record(?:ed|s)?|registered|placed|substantiated|reported|report|decided|ordered|opened|issued|logged|"
    r"notified|referred|documented|confirmed|entered|convicted|diagnosed|granted|registration|referral",
    "de": r"erfasst|festgestellt|angeordnet|eingetragen|registriert|gemeldet|dokumentiert|vermerkt|beschieden|"
    r"bewilligt|entschieden|untergebracht|in Obhut genommen|eröffnet|angezeigt|bestätigt|verzeichnet|"
    r"Meldung|Anzeige|Inobhutnahme",
}


@cache
def _refused(language: str) -> re.Pattern[str]:
    return re.compile("|".join(REFUSED[language]), re.IGNORECASE)


def refused_wording(text: str, language: str) -> list[str]:
    """Words in a text that reports must not use.

    Parameters
    ----------
    text : str
        Visible text of a page, or a programme's words.
    language : {'en', 'de'}
        Its language.

    Returns
    -------
    list of str
        What was found, empty when all is well.
    """
    return [match.group(0) for match in _refused(language).finditer(text)]


def outcome_wording(text: str, language: str) -> list[str]:
    """Words that name an outcome as more than the event that the agency recorded.

    Parameters
    ----------
    text : str
        The outcome, as the end of a sentence.
    language : {'en', 'de'}
        Its language.

    Returns
    -------
    list of str
        What was found; empty when nothing was, or when the words say that it was recorded, ordered or the like.
    """
    if re.search(rf"\b(?:{_RECORDED[language]})\b", text, re.IGNORECASE):
        return []
    return re.findall(rf"\b(?:{_FEARED[language]})", text, re.IGNORECASE)


def check_words(words: Words) -> list[Problem]:
    """Say which of a programme's words say more than its records do.

    Parameters
    ----------
    words : Words
        All of them, or those that are sound themselves.

    Returns
    -------
    list of (location, what, todo)
        Locations are places in `words.yaml`.
    """
    problems: list[Problem] = []
    outcome = getattr(words, "outcome", None)
    for language in REFUSED:
        for found in dict.fromkeys(outcome_wording(outcome[language], language) if outcome else []):
            problems.append(
                (
                    ("outcome", language),
                    f"“{found}” says more than the agency's records do.",
                    "Name the recorded event and nothing more, such as “had a placement recorded within 180 days”.",
                )
            )
    return problems + check_texts(words)


def check_texts(part: BaseModel, *fields: str) -> list[Problem]:
    """Say which texts of a part of a pack use words that reports refuse.

    Parameters
    ----------
    part : BaseModel
        A part; every text in both languages in it is read.
    *fields : str
        Only those under these fields; without any, all.

    Returns
    -------
    list of (location, what, todo)
        Locations are places in the part.
    """
    todo = "Say what was recorded or what goes along with it: no judgement, no cause, no need."
    return [
        (place, f"“{found}” is refused in reports.", todo)
        for name in fields or tuple(type(part).model_fields)
        for place, text in _texts(getattr(part, name, None), (name,))
        for found in dict.fromkeys(refused_wording(text, str(place[-1])))
    ]


def _texts(value: Any, place: Location) -> Iterator[tuple[Location, str]]:
    """Every text that stands under `en` or `de`, with its place."""
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, dict):
        for key, each in value.items():
            if key in REFUSED and isinstance(each, str):
                yield (*place, key), each
            else:
                yield from _texts(each, (*place, key))
    elif isinstance(value, (list, tuple)):
        for i, each in enumerate(value):
            yield from _texts(each, (*place, i))
