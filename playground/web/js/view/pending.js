// A command that was sent and is not answered yet, or never was: only the one who sent it sees it.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { MessageType } from "../store/flags.js";
import { avatar } from "./avatar.js";
import { appTag, invoked } from "./message.js";

export function pendingElement(entry, view) {
  const bot = view.world.bot ?? { id: "0", username: "Application", bot: true };
  const failed = entry.state === "failed";
  return h("li", { className: `message first ${failed ? "ephemeral unanswered" : "sending"}` }, [
    invoked(view.world.me, entry.label, MessageType.COMMAND, view),
    avatar(bot),
    h("div", { className: "message-main" }, [
      h("div", { className: "message-head" }, h("span", { className: "author" }, bot.global_name ?? bot.username), appTag()),
      failed
        ? h("p", { className: "failed", role: "alert" }, icon("warning"), entry.reason)
        : h("p", { className: "thinking" }, h("span", { className: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), "Sending command…"),
      failed && h("p", { className: "only-you" }, icon("eye"), "Only you can see this · ", h("button", { type: "button", className: "text-link", onclick: () => view.interactions.dismiss(entry) }, "Dismiss message")),
    ]),
  ]);
}
