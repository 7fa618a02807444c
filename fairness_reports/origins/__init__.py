"""Where a gap comes from: which factors carry it, and how well the features reveal who somebody is.

Belongs here: the waterfall from factors to a difference in mean raw score, the proxy test.
Does not belong here: contributions of single cases (models.explanation), gaps in outcomes (fairness_reports.audit).
"""
