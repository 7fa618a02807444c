"""What a feature is called, and what its cell means where there is nothing: in words, English and German.

Belongs here: sentences made from a feature's parts (kind, window, scope, lag, missing rule) and its factor's label.
Does not belong here: the words of factors (words), or where they are shown (fairness_reports).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from features.fields import EventFeature, Feature, ValueRange
from features.kinds import AttributeCategory, Change, Share
from features.windows import Window, read_window
from features.words import Text, Words

Both = tuple[str, str]
"""English and German."""

_WHAT: dict[str, Both] = {
    "count": ("how many", "Anzahl"),
    "distinct": ("how many different kinds", "Anzahl verschiedener Arten"),
    "any": ("whether there was any", "ob es welche gab"),
    "sum": ("total", "Summe"),
    "mean": ("average", "Durchschnitt"),
    "min": ("lowest value", "niedrigster Wert"),
    "max": ("highest value", "höchster Wert"),
    "std": ("how far values spread (standard deviation)", "Streuung der Werte (Standardabweichung)"),
    "first": ("earliest value", "frühester Wert"),
    "last": ("most recent value", "letzter Wert"),
    "slope": ("trend per year", "Trend pro Jahr"),
    "days_since_last": ("days since the most recent one", "Tage seit dem letzten Mal"),
    "days_since_first": ("days since the first one", "Tage seit dem ersten Mal"),
    "longest_gap": ("longest gap in days", "längste Pause in Tagen"),
    "rate": ("how many per year", "Anzahl pro Jahr"),
    "open_episodes": ("how many are open", "Anzahl der laufenden"),
    "episode_days": ("days with at least one open", "Tage, an denen etwas davon lief"),
    "days_in_episode": ("days since the open one began", "Tage seit Beginn dessen, was noch läuft"),
    "attribute_number": ("as last recorded", "wie zuletzt erfasst"),
    "attribute_category": ("as last recorded", "wie zuletzt erfasst"),
    "age_years": ("in completed years", "in vollendeten Jahren"),
    "days_since_opened": ("days since the opening", "Tage seit der Eröffnung"),
    "calendar_month": ("month of the as-of date", "Monat des Stichtags"),
}
_CHANGE: dict[str, Both] = {
    "count": ("change in how many", "Veränderung der Anzahl"),
    "sum": ("change in total", "Veränderung der Summe"),
    "mean": ("change in average", "Veränderung des Durchschnitts"),
}
_BEGUN = ("open_episodes", "days_in_episode")  # their window asks when the episode began
_FEW: dict[str, Both] = {
    "std": ("when there are fewer than two values", "wenn es weniger als zwei Werte gibt"),
    "slope": ("when there are values of fewer than two days", "wenn es Werte von weniger als zwei Tagen gibt"),
    "longest_gap": ("when there are fewer than two", "wenn es weniger als zwei gibt"),
    "open_episodes": ("when none is open", "wenn nichts davon läuft"),
    "days_in_episode": ("when none is open", "wenn nichts davon läuft"),
    "episode_days": ("when none was open", "wenn nichts davon lief"),
}
_DAYS_SINCE = (["days", "since"], ["Tage", "seit"])
_NOTHING: Both = ("when nothing happened", "wenn nichts geschehen ist")
_NO_VALUE: Both = ("when there is no value", "wenn es keinen Wert gibt")
_NOT_RECORDED: Both = ("when nothing is recorded", "wenn nichts erfasst ist")


def label(spec: Feature, words: Words, *, events: bool = False) -> Text:
    """What a feature is called.

    Parameters
    ----------
    spec : FeatureSpec
        The feature; a label of its own counts before any other.
    words : Words
        The programme's dictionary, with the factor's label.
    events : bool
        Whether the events are named too: types and categories as the data have them. The factor's words mostly say
        it better.

    Returns
    -------
    Text

    Examples
    --------
    >>> from features.kinds import Count
    >>> spec = Count(name="m", kind="count", factor="missed", events={"type": "contact"}, window="90d")
    >>> noun = {"en": "case", "de": "Fall"}
    >>> words = Words.model_validate({
    ...     "case": {"one": noun, "many": noun}, "outcome": noun,
    ...     "factors": {"missed": {"label": {"en": "Missed appointments", "de": "Versäumte Termine"}}}})
    >>> label(spec, words).de
    'Versäumte Termine: Anzahl, letzte 90 Tage'
    """
    if spec.label is not None:
        return spec.label
    known = words.factors.get(spec.factor)
    plain = spec.factor.replace("_", " ")
    factor = (known.label.en, known.label.de) if known is not None else (plain, plain)
    parts = [_what(spec)]
    if isinstance(spec, EventFeature):
        if events:
            parts += _named(spec)
        if spec.events.value is not None:
            parts.append(_values(spec.events.value))
        parts += _where(spec.scope)
        parts += _when(spec)
        if spec.lag is not None:
            en, de = _span(spec.lag)
            parts.append((f"known for at least {en}", f"seit mindestens {_dative(de)} bekannt"))
    en, de = (_joined(factor[i], [part[i] for part in parts]) for i in (0, 1))
    return _text(en, de)


def labels(specs: Sequence[Feature], words: Words) -> dict[str, Text]:
    """What each feature is called; where two would be called the same, their events are named too.

    Parameters
    ----------
    specs : sequence of FeatureSpec
        The features.
    words : Words
        The programme's dictionary.

    Returns
    -------
    dict of str to Text
        By the name of the feature.
    """
    short = {spec.name: label(spec, words) for spec in specs}
    often = Counter(short.values())
    return {spec.name: label(spec, words, events=often[short[spec.name]] > 1) for spec in specs}


def missing_rule(spec: Feature) -> Text:
    """What stands in a feature's cell where there is nothing, in words.

    Parameters
    ----------
    spec : FeatureSpec
        The feature.

    Returns
    -------
    Text
        Two rules for events with a source: nothing happened, and nobody looked.
    """
    if isinstance(spec, AttributeCategory):
        stands = {
            "zero": ("0 in every column", "0 in jeder Spalte"),
            "missing": ("missing", "fehlt"),
            "column": ("a column of its own", "eine eigene Spalte"),
        }[spec.missing]
        return _text(*(f"{stands[i]}{',' * i} {_NOT_RECORDED[i]}" for i in (0, 1)))
    missing = getattr(spec, "missing", None)
    if missing is None:
        return Text(en="always known", de="immer bekannt")
    stands = ("missing", "fehlt") if missing == "missing" else ("0", "0")
    if not isinstance(missing, str):
        stands = (_number(missing), _number(missing).replace(".", ","))
    when = _NOT_RECORDED
    if isinstance(spec, EventFeature):
        when = _FEW.get(spec.kind, _NO_VALUE if spec.need == "value" else _NOTHING)
        if isinstance(spec, Change):
            when = ("when both windows are empty", "wenn beide Zeiträume leer sind")
            if spec.measure == "mean":
                when = ("when either window has no value", "wenn einer der Zeiträume keinen Wert hat")
    rule = [f"{stands[i]}{',' * i} {when[i]}" for i in (0, 1)]
    if isinstance(spec, EventFeature) and spec.source is not None:
        rule = [f"{rule[0]}; missing where it was not collected", f"{rule[1]}; fehlt, wo es nicht erhoben wurde"]
    return _text(*rule)


def _text(en: str, de: str) -> Text:
    return Text(en=en, de=de)


def _joined(factor: str, parts: Sequence[str]) -> str:
    """The factor's words, then the parts; what is counted is left out where the factor's words begin with it."""
    counted = parts[0].split()[:2]
    says_it = counted in _DAYS_SINCE and factor.lower().split()[:2] == [word.lower() for word in counted]
    told = ", ".join(parts[1:] if says_it else parts)
    return f"{factor}: {told}" if told else factor


def _what(spec: Feature) -> Both:
    if isinstance(spec, Change):
        return _CHANGE[spec.measure]
    if isinstance(spec, Share):
        return (f"share of {_quoted(spec.of, ' or ')[0]}", f"Anteil von {_quoted(spec.of, ' oder ')[1]}")
    return _WHAT[spec.kind]


def _named(spec: EventFeature) -> list[Both]:
    en, de = _quoted(spec.events.type, " or ")[0], _quoted(spec.events.type, " oder ")[1]
    if spec.events.category is not None:
        en += f" ({_quoted(spec.events.category, ' or ')[0]})"
        de += f" ({_quoted(spec.events.category, ' oder ')[1]})"
    return [(f"events {en}", f"Ereignisse {de}")]


def _quoted(names: Sequence[str], between: str) -> Both:
    said = [name.replace("_", " ") for name in names]
    return between.join(f"“{name}”" for name in said), between.join(f"„{name}“" for name in said)


def _values(bounds: ValueRange) -> Both:
    said = [
        (en, de, bound)
        for en, de, bound in (
            ("at least", "mindestens", bounds.at_least),
            ("above", "über", bounds.above),
            ("at most", "höchstens", bounds.at_most),
            ("below", "unter", bounds.below),
        )
        if bound is not None
    ]
    return (
        "values " + " and ".join(f"{en} {_number(bound)}" for en, _, bound in said),
        "Werte " + " und ".join(f"{de} {_number(bound).replace('.', ',')}" for _, de, bound in said),
    )


def _where(scope: str) -> list[Both]:
    if scope == "case":
        return [("of this case only", "nur dieser Fall")]
    if scope == "association":
        return [("of other people in the household", "bei anderen im Haushalt")]
    return []


def _when(spec: EventFeature) -> list[Both]:
    window = _window(spec.window, begun=spec.kind in _BEGUN)
    if isinstance(spec, Change):
        other = _window(spec.compared_with, begun=False)
        return [(f"{window[0]} compared with {other[0]}", f"{window[1]} im Vergleich zu: {other[1]}")]
    return [window]


def _window(text: str, *, begun: bool) -> Both:
    window = read_window(text)
    if window.far is None:
        return ("begun at any time", "wann immer begonnen") if begun else ("at any time so far", "jemals bisher")
    if window.near:
        first, _, last = text.partition("..")
        (near_en, near_de), (far_en, far_de) = _span(first), _span(last)
        if first[-1] == last[-1]:  # the unit stands once
            near_en, near_de = first[:-1], first[:-1]
        said = (f"{near_en} to {far_en} ago", f"vor {_dative(near_de)} bis {_dative(far_de)}")
        return (f"begun {said[0]}", f"begonnen {said[1]}") if begun else said
    if window == Window(0, 1):
        return ("begun the day before", "am Vortag begonnen") if begun else ("the day before", "am Vortag")
    en, de = _span({7: "7d", 365: "12m"}.get(window.far, text.rpartition("..")[2]))  # a last year may be any
    if begun:
        return f"begun in the last {en}", f"in den letzten {_dative(de)} begonnen"
    return f"last {en}", f"letzte {de}"


def _span(text: str) -> Both:
    """Some days, weeks or years."""
    count, unit = int(text[:-1]), text[-1]
    one, many, ein, viele = {
        "d": ("day", "days", "Tag", "Tage"),
        "w": ("week", "weeks", "Woche", "Wochen"),
        "y": ("year", "years", "Jahr", "Jahre"),
        "m": ("month", "months", "Monat", "Monate"),
    }[unit]
    return f"{count} {one if count == 1 else many}", f"{count} {ein if count == 1 else viele}"


def _dative(de: str) -> str:
    return f"{de}n" if de.endswith("e") and not de.startswith("1 ") else de


def _number(value: float) -> str:
    return f"{value:g}"
