"""What a report may do in a browser: show itself in its own style, and nothing else."""

import base64
import hashlib
from functools import cache
from importlib.resources import files


@cache
def report_style() -> str:
    """The report's one style sheet, which stands in its head."""
    return (files("svc_quality.reports") / "templates" / "report.css").read_text(encoding="utf-8")


@cache
def content_security_policy() -> str:
    """By the digest of the style sheet (CSP level 3, section 2.3.1)."""
    digest = base64.b64encode(hashlib.sha256(report_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
