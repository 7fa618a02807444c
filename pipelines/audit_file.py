"""The command `audit`: the audit of any scored table.

Belongs here: the order of steps, and what the command says at the end.
Does not belong here: the steps (fairness_reports.scored_file), the arguments (pipelines.cli).
"""

from __future__ import annotations

from fairness_reports.scored_file import AuditRequest, audit_table, check_out, summary, write_results


def audit_file(request: AuditRequest) -> str:
    """Audit a table, write the results, and say what came of it.

    Parameters
    ----------
    request : AuditRequest
        What was asked for.

    Returns
    -------
    str
        For the terminal.
    """
    request.check()
    check_out(request.out)
    audited = audit_table(request)
    write_results(request.out, audited)
    return summary(audited, request.out, request.language)
