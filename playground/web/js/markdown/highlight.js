// Colours for code: highlight.js gives a tree of scopes, and the tree becomes elements; its HTML is never used.

import { h } from "../dom.js";

let loading;
let library;

/** Fill `code` with the text, coloured as soon as the library is there. */
export function highlight(code, text, language) {
  code.textContent = text;
  if (!language) return;
  if (library) colour(code, text, language);
  else {
    loading ??= import("../../vendor/highlight.min.js").then((module) => (library = module.default));
    loading.then(() => code.textContent === text && colour(code, text, language));
  }
}

function colour(code, text, language) {
  if (!library.getLanguage(language)) return;
  const { _emitter: emitter } = library.highlight(text, { language, ignoreIllegals: true });
  code.replaceChildren(...emitter.rootNode.children.map(element));
}

function element(node) {
  if (typeof node === "string") return node;
  const scope = node.scope?.split(".")[0].replaceAll("_", "-");
  return h("span", { className: scope && `hl-${scope}` }, node.children.map(element));
}
