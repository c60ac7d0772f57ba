r"""TeX as text that people can read. Discord sets no formulas, so `\frac{\alpha}{2}` becomes `α/2`.

What has no sign in Unicode stays as it is written: an unknown command is readable, a guess could be wrong.
"""

import re
import unicodedata

_COMMANDS = {
    # Greek letters come from Unicode's own names, see `_letter`.
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "ast": "∗", "star": "⋆", "circ": "∘", "bullet": "•",
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "ll": "≪", "gg": "≫", "approx": "≈",
    "equiv": "≡", "sim": "∼", "simeq": "≃", "cong": "≅", "propto": "∝", "perp": "⊥", "parallel": "∥", "mid": "|",
    "in": "∈", "notin": "∉", "ni": "∋", "subset": "⊂", "subseteq": "⊆", "supset": "⊃", "supseteq": "⊇",
    "cup": "∪", "cap": "∩", "setminus": "∖", "emptyset": "∅", "varnothing": "∅", "oplus": "⊕", "otimes": "⊗",
    "forall": "∀", "exists": "∃", "nexists": "∄", "neg": "¬", "lnot": "¬", "land": "∧", "wedge": "∧", "lor": "∨",
    "vee": "∨", "therefore": "∴", "because": "∵", "vdash": "⊢", "models": "⊨", "top": "⊤", "bot": "⊥",
    "to": "→", "rightarrow": "→", "leftarrow": "←", "gets": "←", "leftrightarrow": "↔", "uparrow": "↑",
    "downarrow": "↓", "Rightarrow": "⇒", "implies": "⇒", "Leftarrow": "⇐", "Leftrightarrow": "⇔", "iff": "⇔",
    "mapsto": "↦", "longrightarrow": "⟶", "longmapsto": "⟼", "rightleftharpoons": "⇌", "xrightarrow": "→",
    "sum": "∑", "prod": "∏", "int": "∫", "iint": "∬", "iiint": "∭", "oint": "∮", "partial": "∂", "nabla": "∇",
    "infty": "∞", "prime": "′", "hbar": "ℏ", "ell": "ℓ", "Re": "ℜ", "Im": "ℑ", "aleph": "ℵ", "angle": "∠",
    "degree": "°", "ldots": "…", "cdots": "⋯", "dots": "…", "vdots": "⋮", "ddots": "⋱", "langle": "⟨", "rangle": "⟩",
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "lvert": "|", "rvert": "|", "vert": "|", "lVert": "‖",
    "rVert": "‖", "Vert": "‖", "quad": " ", "qquad": " ", "colon": ":", "backslash": "\\", "dagger": "†",
    "square": "□", "blacksquare": "■", "triangle": "△", "checkmark": "✓", "bmod": "mod", "pmod": "mod",
    "varepsilon": "ε", "epsilon": "ϵ", "varphi": "φ", "phi": "ϕ", "vartheta": "ϑ", "varrho": "ϱ", "varsigma": "ς",
    "varpi": "ϖ", "lambda": "λ", "Lambda": "Λ",
}  # fmt: skip
_NAMED = """sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan log ln lg exp lim max min sup inf det dim ker
gcd lcm deg arg Pr mod limsup liminf argmax argmin"""
_WITHOUT_SIGN = """left right big Big bigg Bigg bigl bigr Bigl Bigr displaystyle textstyle limits nolimits nonumber
middle hline"""
_ABOUT_STYLE = """text textbf textit textrm texttt mathrm mathbf mathit mathsf mathcal mathfrak boldsymbol bm
operatorname mbox boxed underline overline overbrace underbrace vec hat widehat bar tilde widetilde dot ddot
tag label"""
_NAMES, _SILENT, _PLAIN = (frozenset(words.split()) for words in (_NAMED, _WITHOUT_SIGN, _ABOUT_STYLE))
_ACCENTS = {"vec": "\u20d7", "hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "ddot": "\u0308"}
_RAISED = dict(zip("0123456789+-=()niabcdefghjklmoprstuvwxyzT′*∗", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ′**",
                   strict=True))  # fmt: skip
_LOWERED = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_TOKEN = re.compile(r"\\(?:[A-Za-z]+\*?|.)|[{}^_~&]|[^\\{}^_~&]", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-zA-Z]{1,20}\*?\}(?:\{[lcr| ]{1,20}\})?")
_SIMPLE = re.compile(r"[^\s+\-*/=<>±·×]*")
_ONE_FACTOR = re.compile(r"\d*|[^\W\d][\u2070-\u209f²³¹]*|[^\W\d]?\([^()]*\)")
_SPACES = re.compile(r" +")
_DEEPEST = 20


def readable(tex: str) -> str:
    """`tex` in plain characters, on as many lines as it has rows. Never raises, whatever `tex` is."""
    reader = _Reader(_TOKEN.findall(_ENVIRONMENT.sub("", tex)))
    rows = reader.group(closing=False).split("\n")
    return "\n".join(_SPACES.sub(" ", row.strip()) for row in rows if row.strip())


def raised(text: str) -> str | None:
    """`text` in superscript, or None where a character has none."""
    return _shifted(text, _RAISED)


def lowered(text: str) -> str | None:
    """`text` in subscript, or None where a character has none."""
    return _shifted(text, _LOWERED)


def _shifted(text: str, signs: dict[str, str]) -> str | None:
    return "".join(signs[char] for char in text) if text and all(char in signs for char in text) else None


class _Reader:
    """Reads TeX token by token."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def group(self, *, closing: bool) -> str:
        """Up to the brace that ends the group, or all there is."""
        parts: list[str] = []
        while self._at < len(self._tokens):
            token = self._next()
            if token == "}" and closing:  # noqa: S105  a brace
                break
            parts.append(self._read(token))
        return "".join(parts)

    def _next(self) -> str:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _read(self, token: str) -> str:
        if token in {"^", "_"}:
            return self._script(token)
        if token == "{":  # noqa: S105  a brace
            return self._inside()
        if token.startswith("\\"):
            return self._command(token[1:].rstrip("*"))
        return {"}": "", "~": " ", "&": ""}.get(token, token)

    def _inside(self) -> str:
        if self._depth >= _DEEPEST:
            return ""
        self._depth += 1
        inner = self.group(closing=True)
        self._depth -= 1
        return inner

    def _argument(self) -> str:
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        if self._at >= len(self._tokens) or self._depth >= _DEEPEST:
            return ""
        self._depth += 1
        argument = self._read(self._next())
        self._depth -= 1
        return argument.strip()

    def _script(self, mark: str) -> str:
        text = self._argument()
        if text == "∘":
            return "°"
        shifted = raised(text) if mark == "^" else lowered(text)
        if shifted is not None:
            return shifted
        return f"{mark}{text}" if len(text) <= 1 else f"{mark}({text})"

    def _command(self, name: str) -> str:
        if name in {"frac", "dfrac", "tfrac", "cfrac"}:
            above, below = self._argument(), self._argument()
            return f"{_bracketed(above)}/{below if _ONE_FACTOR.fullmatch(below) else f'({below})'}"
        if name in {"binom", "dbinom"}:
            return f"C({self._argument()}, {self._argument()})"
        if name == "sqrt":
            return self._root()
        if name == "mathbb":
            return "".join(map(_double_struck, self._argument()))
        if name in _PLAIN:
            argument = self._argument()
            return argument + _ACCENTS.get(name, "") if len(argument) == 1 else argument
        if name in _SILENT:
            return ""
        if name in _NAMES:
            return name
        return self._sign(name)

    def _root(self) -> str:
        degree = ""
        if self._tokens[self._at : self._at + 1] == ["["]:
            end = self._tokens.index("]", self._at) if "]" in self._tokens[self._at :] else self._at
            degree = "".join(self._tokens[self._at + 1 : end])
            self._at = end + 1
        return f"{raised(degree) or degree}√{_bracketed(self._argument())}"

    def _sign(self, name: str) -> str:
        if not name or not name[0].isalpha():
            return {"\\": "\n", "": "\\", "!": "", ",": " ", ";": " ", ":": " ", ">": " ", "|": "‖"}.get(name, name)
        return _COMMANDS.get(name) or _letter(name) or f"\\{name}"


def _bracketed(text: str) -> str:
    return text if _SIMPLE.fullmatch(text) else f"({text})"


def _letter(name: str) -> str:
    """The Greek letter of that name; empty where there is none."""
    size = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {name.upper()}")
    except KeyError:
        return ""


def _double_struck(char: str) -> str:
    for name in (f"DOUBLE-STRUCK CAPITAL {char}", f"MATHEMATICAL DOUBLE-STRUCK CAPITAL {char}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return char
