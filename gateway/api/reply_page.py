"""A reply as a page, for a browser in which somebody typed the address."""

from aiohttp import web
from markdown_it import MarkdownIt

# What a model wrote runs nothing and fetches nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Reply</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><style>'
    "body{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "pre{overflow:auto;padding:1rem;border:1px solid #8886;border-radius:.4rem}code{font-family:ui-monospace,monospace}"
    "td,th{border:1px solid #8886;padding:.2rem .5rem}table{border-collapse:collapse}</style></head><body>"
)


def page(reply: str) -> web.Response:
    """The reply's Markdown as HTML; HTML within it is shown as text, and links lead to web addresses only."""
    markdown = MarkdownIt("js-default", {"html": False, "breaks": True})
    return web.Response(
        text=f"{_HEAD}{markdown.render(reply)}</body></html>",
        content_type="text/html",
        headers={"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"},
    )
