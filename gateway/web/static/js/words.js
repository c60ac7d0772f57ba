// Sentences in the page's language. The gateway finds them in calls of `_` and serves their translations beside the
// scripts, but for English, in which they are written.

const { lang } = document.documentElement;
const words = lang === "en" ? {} : await load(`../words/${lang}.js`);

/** A literal sentence in the page's language; `%(name)s` in it is the value of that name. */
export function _(sentence, values = {}) {
  return (words[sentence] ?? sentence).replace(/%\((\w+)\)s/g, (_match, name) => String(values[name]));
}

// English is better than no script at all.
async function load(address) {
  try {
    return (await import(address)).default;
  } catch {
    return {};
  }
}
