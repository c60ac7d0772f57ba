// The card under a message that has a thread.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { plainText } from "../markdown/plain.js";
import { person } from "../store/names.js";
import { avatar } from "./avatar.js";

export function threadCard(thread, view) {
  const known = view.guild?.threads.get(thread.id) ?? thread;
  const count = known.message_count ?? 0;
  const last = view.world.logs.get(thread.id)?.all.at(-1)?.message;
  const archived = known.thread_metadata?.archived;
  const words = last && plainText(last.content || last.embeds?.[0]?.description || "", view.names).slice(0, 120);
  return h("button", { type: "button", className: "thread-card", data: { focus: "thread", thread: thread.id }, onclick: () => view.openChannel(thread.id) }, [
    h("span", { className: "thread-card-head" }, icon("thread"), h("strong", {}, known.name), h("span", { className: "accent" }, archived ? "Archived" : count ? `${count} ${count === 1 ? "message" : "messages"}` : "See thread", icon("right"))),
    last && words && h("span", { className: "thread-card-last" }, avatar(last.author, { className: "micro" }), h("span", { className: "author" }, person(view.world, view.guild, last.author).name), h("span", { className: "words" }, words)),
  ]);
}
