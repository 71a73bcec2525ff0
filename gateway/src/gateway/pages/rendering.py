"""Templates, static files, and the headers that every page carries."""

import hashlib
import mimetypes
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.access import signed_in
from gateway.pages import group_views, table_views, views
from gateway.pages.trees import shown_passage

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
THEME_COOKIE = "fleet_theme"
THEMES = ("light", "dark")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gateway.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        badge_of=views.badge_of, change_of=group_views.BADGES.__getitem__, static=static_path
    )
    environment.filters.update(
        amount=views.show_amount,
        bytes=views.show_bytes,
        count=views.show_count,
        counted=views.show_counted,
        duration=views.show_duration,
        moment=views.show_moment,
        money=table_views.show_money,
        combined=views.combine,
        outcome=views.show_outcome,
        passage=shown_passage,
        saved=views.show_saved,
        scalar=views.show_scalar,
        shape=views.show_shape,
        share=views.show_share,
        verdict=views.shown_state,
        took=views.show_took,
        report_page=views.report_page,
        signed=views.show_signed,
        visible=views.show_visible,
    )
    return environment


def render(
    request: Request, template: str, *, heading: str, status: int = 200, **context: Any
) -> HTMLResponse:
    """A page. `cli` and `json_path` say where else the same view is to be had."""
    theme = request.cookies.get(THEME_COOKIE)
    html = (
        _environment()
        .get_template(template)
        .render(
            heading=heading,
            theme=theme if theme in THEMES else None,
            path=request.url.path,
            principal=signed_in(request),
            **{"cli": None, "json_path": None, "refresh_s": None, **context},
        )
    )
    headers = SECURITY_HEADERS | {"Cache-Control": "no-store"}
    return HTMLResponse(html, status_code=status, headers=headers)


@cache
def _read_static(name: str) -> tuple[bytes, str]:
    content = (files("gateway.pages") / "static" / name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


def static_path(name: str) -> str:
    """The address of a static file; it changes with the content, so browsers may keep it."""
    return f"/static/{_read_static(name)[1]}/{name}"


def send_static(name: str) -> Response | None:
    """A static file, None when there is none of that name."""
    if name not in STATIC_FILES:
        return None
    content, _ = _read_static(name)
    media_type = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    headers = SECURITY_HEADERS | {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, media_type=media_type, headers=headers)


STATIC_FILES = frozenset({"fleet.css", "icon.svg", "live.js", "upload.js"})
