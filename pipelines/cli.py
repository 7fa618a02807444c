"""The command `plumbline`.

Belongs here: arguments, what is printed, exit codes (0 released with scores, 1 failure, 2 usage or a pack's mistake,
3 refused).
Does not belong here: the work (pipelines.run and the rooms). Heavy imports stand inside commands: help is quick.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path
from typing import Any

import click

from data_contracts.errors import PackError, PlumblineError, RefusedError
from pipelines.settings import Home, be_quiet, find_home
from pipelines.told import told

HOME = click.option(
    "--home", type=click.Path(path_type=Path), help="Where runs write [default: $PLUMBLINE_HOME, else ./var]."
)
PROGRAMME = click.argument("programme")
DATA = click.option("--data", type=click.Path(path_type=Path), help="The folder with the delivery's files.")


def main() -> None:
    """Entry point of the console script: every failure becomes a sentence and an exit code."""
    if not os.environ.get("PLUMBLINE_DEBUG"):
        # a file that Ctrl-C leaves half written complains when it is torn down: with a traceback, which may hold a row
        sys.unraisablehook = lambda _: None
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        result = cli.main(args=arguments, prog_name="plumbline", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped. The last release is untouched; the next run starts afresh.", err=True)
        return 1
    except PlumblineError as error:
        return _show(error)
    return result if isinstance(result, int) else 0


def _show(error: PlumblineError) -> int:
    if isinstance(error, RefusedError):
        click.echo(f"{error.heading}:", err=True)
        for reason in error.reasons:
            click.echo(f"  - {reason}", err=True)
    elif isinstance(error, PackError):
        click.echo(str(error), err=True)
    else:
        click.echo(f"{error.heading}: {error}", err=True)
    return error.exit_code


def _open_home(home: Path | None) -> Home:
    found = find_home(home)
    be_quiet(found)
    return found


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="plumbline", prog_name="plumbline")
def cli() -> None:
    """Risk analytics that a social service can defend: contracts, audits and reasons beside every score."""


@cli.command()
@PROGRAMME
@DATA
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the prediction is made.")
@click.option("--retrain", is_flag=True, help="Train now: the sealed test is opened, and counted, again.")
@HOME
def run(programme: str, data: Path | None, as_of: dt.datetime | None, retrain: bool, home: Path | None) -> int:
    """Run the whole job: files in; a release with scores, reasons, audit and verdict out."""
    place = _open_home(home)
    with told(place.root):
        from pipelines.run import run_programme

        outcome = run_programme(place, programme, data, as_of.date() if as_of else None, retrain=retrain)
    click.echo(outcome.text)
    return outcome.exit_code


@cli.command()
@PROGRAMME
@DATA
@HOME
def check(programme: str, data: Path | None, home: Path | None) -> int:
    """Try a delivery against contract and privacy gate; leave a worklist of faults. Nothing of it is used."""
    place = _open_home(home)
    with told(place.root):
        from pipelines.check import check_delivery

        outcome = check_delivery(place, programme, data)
    click.echo(outcome.text)
    return outcome.exit_code


@cli.command()
@PROGRAMME
@click.option("--people", type=click.IntRange(1, 10_000_000), required=True, help="How many people.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="An empty or new folder.")
@click.option("--scenario", help="A named scenario of the programme's simulator.")
@click.option(
    "--seed", type=int, help="The same seed gives the same files [default: the programme's own, as in a demo]."
)
@HOME
def dummy(programme: str, people: int, out: Path, scenario: str | None, seed: int | None, home: Path | None) -> int:
    """Write dummy data that satisfies the contract."""
    place = _open_home(home)
    with told(out):
        from data_contracts.dummy import dummy as write_dummy
        from pipelines.packs import load_pack

        pack = load_pack(programme)
        seed = pack.programme.seed if seed is None else seed
        write_dummy(pack.name, pack.contract, people, out, scenario=scenario, seed=seed)
    click.echo(f"Dummy data of {people:,} people for {pack.name} in {out} (home: {place.root} untouched).")
    return 0


@cli.command()
@PROGRAMME
@click.argument("case_id")
@click.option("--html", type=click.Path(path_type=Path), help="A page to write (mode 0600) instead of text.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The release of this day [default: the current one].")
@click.option("--lang", type=click.Choice(["en", "de"]), default="en", show_default=True)
@HOME
def explain(
    programme: str, case_id: str, html: Path | None, as_of: dt.datetime | None, lang: str, home: Path | None
) -> int:
    """Show one case's score, the reasons and records behind it, and what it does not say. The opening is logged."""
    place = _open_home(home)
    with told(place.root):
        from pipelines.explain import explain_case

        click.echo(explain_case(place, programme, case_id, lang, as_of.date() if as_of else None, html))
    return 0


@cli.command()
@PROGRAMME
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The release's as-of date.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Judged by what was known on this day [default: today].")
@click.option("--lang", type=click.Choice(["en", "de"]), default="en", show_default=True)
@HOME
def evaluate(programme: str, as_of: dt.datetime, on: dt.datetime | None, lang: str, home: Path | None) -> int:
    """Judge the release of an earlier day by the outcomes that have come in since. Changes nothing."""
    place = _open_home(home)
    with told(place.root):
        from pipelines.evaluate import evaluate_release

        outcome = evaluate_release(place, programme, as_of.date(), on.date() if on else None, lang)
    click.echo(outcome.text)
    return outcome.exit_code


@cli.command()
@PROGRAMME
@click.option("--out", type=click.Path(path_type=Path), help="An SVG file to draw the splits in.")
@click.option("--lang", type=click.Choice(["en", "de"]), default="en", show_default=True)
@HOME
def splits(programme: str, out: Path | None, lang: str, home: Path | None) -> int:
    """Show how the past is cut: what trains, what tests, and what stays unknown between them."""
    place = _open_home(home)
    with told(place.root):
        from pipelines.splits import show_splits

        click.echo(show_splits(place, programme, out, lang))
    return 0


@cli.command()
@PROGRAMME
@HOME
def report(programme: str, home: Path | None) -> int:
    """Say where the newest reports are."""
    place = _open_home(home)
    with told(place.root):
        from pipelines.explain import where_reports_are

        click.echo(where_reports_are(place, programme))
    return 0


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The delivery with the source's keys.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write (mode 0600).")
@click.option("--programme", help="The programme; by default the one named in the file.")
@click.option("--purpose", help="Why the table is relinked; logged. Asked for at a terminal.")
@click.option("--who", envvar="USER", default="unknown", help="Who relinks; logged. [default: $USER]")
@HOME
def relink(
    file: Path, data: Path, out: Path, programme: str | None, purpose: str | None, who: str, home: Path | None
) -> int:
    """For the holder of the key: add the source's own keys to a restricted table, or to the page of one case."""
    place = _open_home(home)
    if purpose is None:
        purpose = click.prompt("For what purpose", type=str) if sys.stdin.isatty() else "not stated"
    with told(place.root):
        from pipelines.relink import relink_table

        click.echo(relink_table(place, file, data, out, programme, purpose, who))
    return 0


@cli.command()
@PROGRAMME
@click.option("--team", required=True, help="Whose open cases, as the delivery names the team.")
@click.option("--blind", is_flag=True, help="Without scores: asks for the worker's own view first.")
@click.option("--after", type=click.Path(path_type=Path), help="The blind list, filled in: writes the whole list.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day that the newest release has to be of.")
@click.option("--lang", type=click.Choice(["en", "de"]), default="en", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new .xlsx or .csv file, or a folder for both."
)
@HOME
def caseload(
    programme: str,
    team: str,
    blind: bool,
    after: Path | None,
    as_of: dt.datetime | None,
    lang: str,
    out: Path,
    home: Path | None,
) -> int:
    """Write a team's open cases by band, where the charter names this use. The list decides nothing."""
    place = _open_home(home)
    with told(place.root):
        from pipelines.caseload import make_caseload

        day = as_of.date() if as_of else None
        click.echo(make_caseload(place, programme, team, out, blind=blind, after=after, as_of=day, lang=lang))
    return 0


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--programme", help="Name or folder of the pack [default: what the list says].")
@HOME
def feedback(file: Path, programme: str | None, home: Path | None) -> int:
    """Read a team's answers back from its list: codes only, all of them or none. The next audit counts them."""
    place = _open_home(home)
    with told(place.root):
        from pipelines.feedback import read_feedback

        click.echo(read_feedback(place, file, programme))
    return 0


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("more_by", metavar="[COL]...", nargs=-1)
@click.option("--outcome", metavar="COL", required=True, help="What happened: 1, 0, or empty where unknown.")
@click.option("--score", metavar="COL", help="The score. May be left out with --decision.")
@click.option("--at", metavar="THRESHOLD", help="Selected means score >= THRESHOLD.")
@click.option("--top", metavar="N|N%", help="Selected means among the N (or N%) highest scores of each period.")
@click.option("--decision", metavar="COL", help="Selected means so decided in this column.")
@click.option("--by", metavar="COL", multiple=True, help="A column with groups; several names may follow. Repeatable.")
@click.option("--cluster", metavar="COL", help="Household or person: rows that are not independent.")
@click.option("--case", metavar="COL", help="The case's id [default: the row's number].")
@click.option("--split", metavar="COL", help="The period: each is audited by itself.")
@click.option("--shown", metavar="COL", help="Whether the score had been shown to those who decided.")
@click.option("--reference", metavar="GROUP", multiple=True, help="Compare with this group too: GROUP or COL=GROUP.")
@click.option("--positive", metavar="VALUE", multiple=True, help="What counts as 1 in text: VALUE or COL=VALUE.")
@click.option("--unknown", metavar="VALUE", multiple=True, help="What means that the outcome is unknown, as -1.")
@click.option("--intersections", type=click.Choice(["none", "pairs", "triples"]), default="pairs", show_default=True)
@click.option("--score-is", type=click.Choice(["auto", "probability", "rank"]), default="auto", show_default=True)
@click.option("--minimum-cell", type=click.IntRange(1), default=10, show_default=True, help="Fewer cases: no figure.")
@click.option(
    "--disclosure",
    type=click.Choice(["default", "opensafely", "nhs", "drb"]),
    help="Make all figures safe by these rules (docs/disclosure.md) [default: exact figures, restricted].",
)
@click.option("--replicates", type=click.IntRange(100, 100_000), default=1000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap.")
@click.option("--lang", type=click.Choice(["en", "de"]), default="en", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new or empty folder.")
@HOME
def audit(
    file: Path,
    more_by: tuple[str, ...],
    by: tuple[str, ...],
    at: str | None,
    top: str | None,
    reference: tuple[str, ...],
    lang: str,
    home: Path | None,
    **named: Any,
) -> int:
    """Audit any scored table (CSV, Parquet, XLSX) that somebody else made: who is selected, missed, selected wrongly.

    The results in --out are exact, and restricted, unless --disclosure names the rules that make them safe.
    """
    _open_home(home)
    with told(named["out"]):
        from fairness_reports.scored_file import AuditRequest, parse_number, parse_top
        from pipelines.audit_file import audit_file

        request = AuditRequest(
            file=file,
            by=(*by, *more_by),
            at=parse_number(at, "--at") if at is not None else None,
            top=parse_top(top) if top is not None else None,
            references=reference,
            language=lang,
            **named,
        )
        click.echo(audit_file(request))
    return 0


@cli.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to make the pack in.")
def new(name: str, out: Path) -> int:
    """Write a new programme's pack to fill in, with a comment on every field."""
    with told(out):
        from pipelines.new_pack import write_pack

        click.echo(write_pack(name, out))
    return 0


@cli.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@click.option("--pack", "packs", multiple=True, type=click.Path(path_type=Path), help="A pack of your own; repeatable.")
@HOME
def ui(port: int, packs: tuple[Path, ...], home: Path | None) -> int:
    """Serve Dagster's UI and daemon on this home, on 127.0.0.1."""
    place = _open_home(home)
    with told(place.root):
        from pipelines.ui import serve

        return serve(place, port, packs)
