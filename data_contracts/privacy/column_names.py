"""What the name of a column gives away, in English and German.

Belongs here: words of column names.
Does not belong here: values (contents).
"""

from __future__ import annotations

import re
import unicodedata

NAME = "a person's name"
EMAIL = "e-mail addresses"
PHONE = "phone numbers"
ADDRESS = "a postal address"
BIRTH = "full birth dates"
NUMBER = "a national or insurance number"
ACCOUNT = "bank accounts"
TEXT = "free text"

# One word of the column's name is enough. Words are folded: lower case, ä -> ae, ß -> ss.
_WORDS: dict[str, str] = {
    NAME: """surname surnames forename forenames firstname lastname fullname givenname middlename maidenname familyname
        nickname vorname vornamen nachname nachnamen familienname zuname rufname geburtsname maedchenname namen
        ansprechpartner""",
    EMAIL: "email mail emailaddress emailadresse mailadresse",
    PHONE: """phone telephone telefon tel mobile handy mobil mobilnummer handynummer telefonnummer phonenumber fax
        rufnummer telnr""",
    ADDRESS: """address addresses addr adresse adressen anschrift street strasse str strassenname hausnummer hausnr
        housenumber postcode postalcode zipcode zip plz postleitzahl uprn wohnadresse""",
    BIRTH: "dob birthdate birthday dateofbirth geburtsdatum geburtstag gebdatum gebdat gebtag geb",
    NUMBER: """ssn nino nhs nhsnumber nhsno socialsecurity sozialversicherungsnummer rentenversicherungsnummer
        versicherungsnummer versichertennummer krankenversichertennummer krankenversicherungsnummer svnr svnummer
        rvnr rvnummer kvnr steuerid steueridnr steuernummer idnr identifikationsnummer passport reisepass
        personalausweis ausweisnummer upn""",
    ACCOUNT: "iban kontonummer accountnumber",
    TEXT: """note notes comment comments remark remarks freetext narrative bemerkung bemerkungen notiz notizen
        kommentar kommentare freitext anmerkung anmerkungen verlauf gespraechsnotiz""",
}
_PERSONS = """first last middle full given family maiden client child mother father parent person student worker carer
    guardian klient klientin kind kindes mutter vater vaters eltern sorgeberechtigter schueler schuelerin betreuer"""
# Several words together; the order does not matter.
_TOGETHER: dict[str, list[set[str]]] = {
    NAME: [{person, "name"} for person in _PERSONS.split()],
    EMAIL: [{"e", "mail"}],
    PHONE: [{"contact", "number"}, {"mobile", "number"}],
    ADDRESS: [{"house", "number"}, {"postal", "code"}, {"post", "code"}, {"zip", "code"}, {"haus", "nr"}],
    BIRTH: [{"date", "birth"}, {"birth", "day"}, {"datum", "geburt"}, {"birth", "dt"}, {"datum", "geb"}],
    NUMBER: [
        *({"national", other} for other in ("insurance", "id", "number")),
        *({"insurance", other} for other in ("number", "no", "id")),
        *({"social", other} for other in ("security", "insurance")),
        *({"steuer", other} for other in ("id", "nummer", "nr")),
        *({"ni", other} for other in ("number", "no")),
        {"sozialversicherungs", "nr"},
        {"sv", "nummer"},
        {"sv", "nr"},
        {"tax", "id"},
    ],
    TEXT: [{"free", "text"}, {"case", "notes"}, {"freier", "text"}],
}


def words_of(name: str) -> list[str]:
    """The words of a column's name, folded.

    Examples
    --------
    >>> words_of("dateOfBirth"), words_of("STRASSE_Nr"), words_of("Straße")
    (['date', 'of', 'birth'], ['strasse', 'nr'], ['strasse'])
    """
    for letter, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")):
        name = name.replace(letter, plain)
    name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", name) if word]


def meaning(name: str) -> str | None:
    """What a column of this name most likely holds about a person.

    Parameters
    ----------
    name : str
        A name from the contract or a file's header.

    Returns
    -------
    str or None
        None where the name gives nothing away.
    """
    words = words_of(name)
    joined = "".join(words)
    for kind, listed in _WORDS.items():
        known = set(listed.split())
        if known & set(words) or joined in known:
            return kind
    for kind, groups in _TOGETHER.items():
        if any(group <= set(words) for group in groups):
            return kind
    return NAME if words == ["name"] else None
