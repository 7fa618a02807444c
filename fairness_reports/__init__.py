"""The exit: the audit, the verdict, releases and every report.

Nothing leaves the pipeline without having passed this room.
"""
