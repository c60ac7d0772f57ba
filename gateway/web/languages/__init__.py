"""What the pages say, in the language of whoever reads them.

A sentence is written in English where it is said: in a template, in a script, in an error. Every other language is one
file here, `fr.po` say, in gettext's format (https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html), read
as it is when the gateway starts. How to add a sentence or a language: docs/languages.md.
"""

from gateway.web.languages.error_words import N_
from gateway.web.languages.language import ENGLISH, Language, Told
from gateway.web.languages.languages import FOLDER, Languages

__all__ = ["ENGLISH", "FOLDER", "N_", "Language", "Languages", "Told"]
