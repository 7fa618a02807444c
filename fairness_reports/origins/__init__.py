"""Where a gap comes from: which factors carry it, and how well the features reveal who somebody is.

Belongs here: the waterfall from factors to a difference in mean raw score, the proxy test.
Does not belong here: contributions of single cases (models.explanation), gaps in outcomes (fairness_reports.audit).
"""

from fairness_reports.origins.proxies import proxies, strongest_proxies
from fairness_reports.origins.run import origins
from fairness_reports.origins.waterfall import carriers, waterfall

__all__ = ["carriers", "origins", "proxies", "strongest_proxies", "waterfall"]
