"""An OpenAPI document as a page to read: plain HTML, no script, nothing from another host."""

import base64
import hashlib
import json
import re
from html import escape
from importlib.resources import files
from typing import Any

_CODE = re.compile(r"`([^`]+)`")
_LIMITS = (
    ("maxLength", "at most {} characters"),
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
)


class Page:
    """The page of a document; `content_security_policy` allows its own style sheet and nothing else."""

    def __init__(self, document: dict[str, Any]) -> None:
        style = files("gateway").joinpath("docs.css").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.content_security_policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        self.html = _Renderer(document).page(style)


class _Renderer:
    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._schemas: dict[str, Any] = document["components"]["schemas"]
        self._responses: dict[str, Any] = document["components"]["responses"]
        self._by_tag: dict[str, list[tuple[str, str, dict[str, Any]]]] = {tag["name"]: [] for tag in document["tags"]}
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                self._by_tag[operation["tags"][0]].append((method, path, operation))

    def page(self, style: str) -> str:
        info = self._document["info"]
        groups = "".join(self._group(tag["name"], tag["description"]) for tag in self._document["tags"])
        schemas = "".join(self._schema(name, schema) for name, schema in sorted(self._schemas.items()))
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(info['title'])}</title><style>{style}</style></head><body>"
            f"<header><h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"
            f"{_text(info['description'])}"
            '<p>For programs there is <a href="openapi.json">openapi.json</a>. The examples work once this is set; '
            "one click selects an example.</p>"
            f"{_copyable('export GATEWAY=http://127.0.0.1:8080 KEY=rk-…')}</header>"
            f"<nav aria-label='Routes'><div>{self._contents()}</div></nav>"
            f"<main>{groups}<section><h2 id='schemas'>Schemas</h2>{schemas}</section></main></body></html>"
        )

    def _contents(self) -> str:
        parts = list[str]()
        for tag, operations in self._by_tag.items():
            parts.append(f"<b>{escape(tag.replace('_', ' '))}</b>")
            parts += [
                f"<a href='#{operation['operationId']}'>{_method(method)}<span>{escape(path)}</span></a>"
                for method, path, operation in operations
            ]
        return "".join(parts) + "<b><a href='#schemas'>Schemas</a></b>"

    def _group(self, name: str, description: str) -> str:
        operations = "".join(self._operation(*operation) for operation in self._by_tag[name])
        title = escape(name.replace("_", " "))
        return f"<section><h2>{title}</h2><div class='quiet'>{_text(description)}</div>{operations}</section>"

    def _operation(self, method: str, path: str, operation: dict[str, Any]) -> str:
        roles = operation["x-roles"]
        who = f"Keys of the role {' or '.join(roles)}" if roles else "No key needed"
        return (
            f"<article id='{operation['operationId']}'><h3>{_method(method)} <code>{escape(path)}</code></h3>"
            f"<p>{_inline(operation['summary'])}. <span class='quiet'>{escape(who)}.</span></p>"
            f"{_text(operation.get('description', ''))}"
            f"{self._parameters(operation.get('parameters', []))}{self._body(operation)}"
            f"<h4>Try it</h4>{_copyable(_curl(method, path, operation))}"
            f"{self._answers(operation['responses'])}</article>"
        )

    def _parameters(self, parameters: list[dict[str, Any]]) -> str:
        if not parameters:
            return ""
        rows = [
            _row(
                parameter["name"],
                f"{self._type(parameter['schema'])} <span class='quiet'>in the {parameter['in']}</span>",
                _about(parameter["schema"] | {"description": parameter.get("description", "")}),
                required=parameter["required"],
            )
            for parameter in parameters
        ]
        return f"<h4>Parameters</h4>{_table(rows)}"

    def _body(self, operation: dict[str, Any]) -> str:
        if "requestBody" not in operation:
            return ""
        [schema] = [content["schema"] for content in operation["requestBody"]["content"].values()]
        return f"<h4>Body</h4><p>{self._type(schema)}</p>{self._fields(self._resolved(schema))}"

    def _answers(self, responses: dict[str, Any]) -> str:
        rows, errors = list[str](), list[str]()
        shape = ""
        for status, response in responses.items():
            if "$ref" in response:
                refusal = self._responses[response["$ref"].rpartition("/")[2]]
                why = refusal["description"]
                shape = refusal["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                errors.append(f"<li><code title='{escape(why, quote=True)}'>{status}</code></li>")
                continue
            for kind, content in response.get("content", {"": {"schema": {"type": "nothing"}}}).items():
                about = _inline(content["schema"].get("description", "")) + self._events(content["schema"])
                shown = "stream" if "oneOf" in content["schema"] else self._type(content["schema"])
                rows.append(_row(status, f"{shown} <span class='quiet'>{escape(kind)}</span>", about))
        return (
            f"<h4>Answers</h4>{_table(rows)}"
            f"<h4>Errors</h4><ul class='errors'>{''.join(errors)}"
            f"<li class='quiet'>all of them <a href='#schema-{shape}'>{shape}</a></li></ul>"
        )

    def _events(self, schema: dict[str, Any]) -> str:
        """The events of a stream and what each holds."""
        kinds = [kind["properties"] for kind in schema.get("oneOf", [])]
        told = [f"<code>{kind['event']['const']}</code> {self._type(kind['data']['contentSchema'])}" for kind in kinds]
        return f" Events: {', '.join(told)}." if told else ""

    def _schema(self, name: str, schema: dict[str, Any]) -> str:
        return (
            f"<article id='schema-{escape(name)}'><h3>{escape(name)}</h3>{_text(schema.get('description', ''))}"
            f"{self._fields(schema)}</article>"
        )

    def _fields(self, schema: dict[str, Any]) -> str:
        required = schema.get("required", [])
        rows = [
            _row(name, self._type(field), _about(field), required=name in required)
            for name, field in schema.get("properties", {}).items()
        ]
        return _table(rows)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        return self._schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def _type(self, schema: dict[str, Any]) -> str:
        """The type in words, with a link where it has a name."""
        if "$ref" in schema:
            name = escape(schema["$ref"].rpartition("/")[2])
            return f"<a href='#schema-{name}'>{name}</a>"
        if "anyOf" in schema:
            return " or ".join(dict.fromkeys(map(self._type, schema["anyOf"])))
        if "enum" in schema:
            return " or ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
        if schema.get("type") == "array":
            return f"list of {self._type(schema.get('items', {}))}"
        if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
            return f"object of {self._type(schema['additionalProperties'])}"
        return escape(schema.get("format") or str(schema.get("type", "anything")))


def _about(schema: dict[str, Any]) -> str:
    """What else is known of a field: its description, its limits, its default."""
    parts = [_inline(schema["description"])] if schema.get("description") else []
    options: list[dict[str, Any]] = [schema, *schema.get("anyOf", [])]
    limits = [words.format(f"{option[key]:,}") for option in options for key, words in _LIMITS if key in option]
    if limits:
        parts.append(f"<span class='quiet'>{', '.join(limits)}.</span>".replace("at", "At", 1))
    if schema.get("default") is not None and schema["default"] != "":
        parts.append(f"<span class='quiet'>Default: <code>{escape(json.dumps(schema['default']))}</code>.</span>")
    return " ".join(parts)


def _curl(method: str, path: str, operation: dict[str, Any]) -> str:
    address = "$GATEWAY" + re.sub(r"\{(\w+)\}", lambda gap: gap[1].upper(), path)
    lines = [f'curl "{address}"' if method == "get" else f'curl -X {method.upper()} "{address}"']
    if operation["security"]:
        lines.append('-H "Authorization: Bearer $KEY"')
    if "requestBody" in operation:
        [content] = operation["requestBody"]["content"].values()
        example = json.dumps(content.get("example", {}), ensure_ascii=False).replace("'", "'\\''")
        lines += ['-H "Content-Type: application/json"', f"-d '{example}'"]
    return " \\\n  ".join(lines)


def _row(name: str, kind: str, about: str, *, required: bool = False) -> str:
    mark = " <span class='quiet'>required</span>" if required else ""
    return f"<tr><th scope='row'><code>{escape(name)}</code></th><td>{kind}{mark}</td><td>{about}</td></tr>"


def _table(rows: list[str]) -> str:
    return f"<div class='table'><table><tbody>{''.join(rows)}</tbody></table></div>" if rows else ""


def _copyable(text: str) -> str:
    return f"<pre class='copy'>{escape(text)}</pre>"


def _method(method: str) -> str:
    return f"<span class='method {escape(method)}'>{escape(method.upper())}</span>"


def _text(text: str) -> str:
    return "".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph.strip())


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
