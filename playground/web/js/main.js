// Starts the page. The token that opens the playground is in the page's address.

import { Api } from "./api.js";
import { Page } from "./page.js";

const token = new URLSearchParams(location.search).get("t") ?? "";
const page = new Page(new Api(document.baseURI, token));
document.body.append(...page.elements);
page.start();
