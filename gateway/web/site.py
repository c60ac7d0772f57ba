"""What all pages have in common: templates, style sheets and scripts, and the policy they are shown under."""

import asyncio
import gzip
import hashlib
import mimetypes
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from yarl import URL

from gateway.app_keys import PRINCIPAL
from gateway.config import DiscordSignIn, Paths
from gateway.errors import ApiError, NotFound
from gateway.session_cookies import SESSION, Session, keep_session, new_session
from gateway.times import Clock, milliseconds
from gateway.web.languages import ENGLISH, Language, Languages, Told
from gateway.web.languages.scripts import module_of, said_in

# Nothing inline, nothing from another host, and no HTML but what one script's policy lets through
# (https://www.w3.org/TR/trusted-types/).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types rolekey"
)
# The address holds the files' hash, so what is behind it never changes.
_FOR_EVER = "public, max-age=31536000, immutable"
_COMPRESSED = {".css", ".js", ".svg"}


class _File(msgspec.Struct, frozen=True):
    content: bytes
    compressed: bytes | None
    content_type: str


class Site:
    """Renders pages, in the `languages` there are. Addresses in them are relative, so that a proxy may serve them under
    a prefix.

    With `discord` one may sign in there, too, where it names an application.
    """

    def __init__(self, languages: Languages, paths: Paths, *, discord: DiscordSignIn, clock: Clock) -> None:
        self.languages = languages
        self._paths = paths
        self._clock = clock
        self._with_discord = bool(discord.client_id)
        # Browsers hold a form to this wherever it is redirected to: https://www.w3.org/TR/CSP3/#directive-form-action
        self._to_discord = POLICY.replace("form-action", f"form-action {URL(discord.authorize_url).origin()}")
        self._files = dict[str, _File]()
        _collect(files("gateway.web").joinpath("static"), "", self._files)
        self._add_words()
        digest = hashlib.sha256(b"".join(name.encode() + file.content for name, file in sorted(self._files.items())))
        self._version = digest.hexdigest()[:12]
        self._templates = {language.tag: _templates(language) for language in languages}

    def page(
        self, request: web.Request, template: str, *, status: int = 200, back_to: str | None = None, **values: Any
    ) -> web.Response:
        """A page. Its forms carry the session's token; who has no session yet is given one without a name.

        `back_to` is where one goes on after choosing a language, without it here.
        """
        session = request.get(SESSION)
        fresh = session is None
        session = session or new_session()
        language = self.languages.of(request)
        text = (
            self._templates[language.tag]
            .get_template(template)
            .render(
                root=root_of(request),
                paths=self._paths,
                now=milliseconds(self._clock()),
                back_to=address_of(request) if back_to is None else back_to,
                version=self._version,
                language=language,
                languages=self.languages,
                csrf=session.csrf,
                me=request.get(PRINCIPAL),
                signed_in_by=session.by,
                **values,
            )
        )
        response = web.Response(text=text, status=status, content_type="text/html")
        if fresh and root_of(request) == "./":  # set from further below, the cookie would hold, and hide others, there
            keep_session(request, response, session)
        return _guarded(response)

    async def long_page(self, request: web.Request, template: str, **values: Any) -> web.Response:
        """The same of a page that may be as long as somebody likes, in a thread: others wait for the event loop."""
        return await asyncio.to_thread(self.page, request, template, **values)

    def sign_in_page(self, request: web.Request, *, ended: bool = False, error: ApiError | None = None) -> web.Response:
        """The way in; what was wrong with the last try, or that one was in until just now."""
        response = self.page(
            request,
            "sign_in.html",
            status=200 if error is None else error.status,
            back_to="sign-in",
            ended=ended,
            problem=None if error is None else self.explain(request, error),
            with_discord=self._with_discord,
            key_refused=error is not None and request.path == "/sign-in",
        )
        if self._with_discord:
            response.headers["Content-Security-Policy"] = self._to_discord
        if error is not None and error.retry_after is not None:
            response.headers["Retry-After"] = str(round(error.retry_after))
        return response

    def error_page(self, request: web.Request, error: ApiError) -> web.Response:
        """What went wrong, in words."""
        response = self.page(request, "error.html", status=error.status, problem=self.explain(request, error))
        response.headers.update(error.headers)
        return response

    def explain(self, request: web.Request, error: ApiError) -> Told:
        """What went wrong, in the reader's language where it can be said in it."""
        return self.languages.of(request).explain(error)

    def redirect(self, request: web.Request, to: str, session: Session | None = None) -> web.Response:
        """See another page of these; `to` is its address from the first one."""
        response = web.Response(status=303, headers={"Location": f"{root_of(request)}{to}"})
        if session is not None:
            keep_session(request, response, session)
        return _guarded(response)

    def leave(self, address: str) -> web.Response:
        """See another site."""
        return _guarded(web.Response(status=303, headers={"Location": address}))

    def file(self, request: web.Request) -> web.Response:
        """A style sheet, script, font or picture. Raises `NotFound`."""
        file = self._files.get(request.match_info["path"])
        if file is None:
            raise NotFound("There is no such file.")
        compressed = file.compressed if "gzip" in request.headers.get("Accept-Encoding", "") else None
        # While gateways are exchanged for newer ones a browser may ask either for the other's files.
        own = request.match_info["version"] == self._version
        headers = {"Cache-Control": _FOR_EVER if own else "no-store", "Vary": "Accept-Encoding"}
        if compressed is not None:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=compressed or file.content, content_type=file.content_type, headers=headers)

    def _add_words(self) -> None:
        scripts = [file.content for name, file in self._files.items() if name.endswith(".js")]
        sentences = list(said_in(scripts))
        for language in self.languages:
            if language is not ENGLISH:
                self._files[f"words/{language.tag}.js"] = _file("words.js", module_of(language, sentences))


def root_of(request: web.Request) -> str:
    """The way from this page to the first one."""
    return "../" * (request.rel_url.raw_path.count("/") - 1) or "./"


def address_of(request: web.Request) -> str:
    """This page's address from the first one, to come back to; of what was posted, the first page's."""
    return str(request.rel_url).lstrip("/") if request.method in {"GET", "HEAD"} else ""


def _templates(language: Language) -> Environment:
    made = Environment(
        loader=PackageLoader("gateway.web"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(language.translations, newstyle=True)  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue] - the extension adds it
    for write in (language.moment, language.date, language.number, language.compact, language.dollars, language.size):
        made.filters[write.__name__] = write
    return made


def _guarded(response: web.Response) -> web.Response:
    response.headers["Content-Security-Policy"] = POLICY
    # With no-referrer browsers would keep a form's Origin back as well. No page's address holds a key.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response


def _collect(folder: Traversable, prefix: str, found: dict[str, _File]) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            _collect(entry, f"{prefix}{entry.name}/", found)
            continue
        found[prefix + entry.name] = _file(entry.name, entry.read_bytes())


def _file(name: str, content: bytes) -> _File:
    suffix = f".{name.rpartition('.')[2]}"
    return _File(
        content,
        gzip.compress(content, mtime=0) if suffix in _COMPRESSED else None,
        "font/woff2" if suffix == ".woff2" else mimetypes.guess_type(name)[0] or "application/octet-stream",
    )
