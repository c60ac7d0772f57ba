// One message: who, when, what, and everything that hangs on it.

import { h, quiet } from "../dom.js";
import { emoji, icon, withEmoji } from "../icons.js";
import { inlineMarkdown, markdown } from "../markdown/render.js";
import { plainText } from "../markdown/plain.js";
import { MessageFlag, MessageType } from "../store/flags.js";
import { person } from "../store/names.js";
import { clockTime, fullTime, messageTime } from "../time.js";
import { attachment } from "./attachment.js";
import { avatar } from "./avatar.js";
import { components } from "./components.js";
import { embed } from "./embed.js";
import { threadCard } from "./thread_card.js";

const EXCERPT = 140;

/** The tag beside an application's name. */
export const appTag = () => h("span", { className: "app-tag" }, icon("check"), "APP");

/** A message's element. `compact`: it goes on from the one above by the same author. See messages.js for `view`. */
export function messageElement(message, compact, view) {
  const special = SPECIAL[message.type]?.(message, view);
  if (special) return special;
  const author = person(view.world, view.guild, message.author);
  const at = new Date(message.timestamp);
  const ephemeral = Boolean(message.flags & MessageFlag.EPHEMERAL);
  const mentioned = (message.mentions ?? []).some(({ id }) => id === view.world.me.id) || message.mention_everyone;
  const classes = ["message", compact ? "compact" : "first", ephemeral && "ephemeral", mentioned && "mentioned"];
  return h("li", { className: classes.filter(Boolean).join(" "), tabindex: "-1", data: { id: message.id, focus: `message-${message.id}` } }, [
    origin(message, view),
    compact ? h("time", { className: "gutter-time", "aria-hidden": "true" }, clockTime(at)) : avatar(message.author),
    h("div", { className: "message-main" }, [
      h("div", { className: compact ? "sr-only" : "message-head" }, [
        h("span", { className: "author", vars: author.colour && { role: author.colour } }, author.name),
        message.author.bot && appTag(),
        h("time", { datetime: message.timestamp, title: fullTime(at) }, messageTime(at)),
      ]),
      body(message, view),
      ephemeral && onlyYou(() => view.dismiss(message)),
    ]),
    toolbar(message, view),
  ]);
}

function body(message, view) {
  const shared = { names: view.names, media: view.media };
  if (message.flags & MessageFlag.LOADING) return thinking(view, message.author);
  const entry = view.interactions.ofMessage(message.id);
  const context = { ...shared, ...view.componentsOf(message), entry };
  const version2 = message.flags & MessageFlag.COMPONENTS_V2;
  return [
    message.content && h("div", { className: "markup content" }, markdown(message.content, view.names), edited(message)),
    (message.embeds ?? []).map((each) => embed(each, shared)),
    (message.attachments?.length > 0) && h("div", { className: "attachments" }, message.attachments.map((each) => attachment(each, shared))),
    message.components?.length > 0 && h("div", { className: version2 ? "components v2" : "components" }, components(message.components, context)),
    entry?.state === "failed" && h("p", { className: "failed", role: "alert" }, icon("warning"), "This interaction failed"),
    !message.content && message.edited_timestamp && edited(message),
    reactions(message, view),
    message.thread && threadCard(message.thread, view),
  ];
}

function edited(message) {
  if (!message.edited_timestamp) return undefined;
  return h("span", { className: "edited", title: fullTime(new Date(message.edited_timestamp)) }, " (edited)");
}

function thinking(view, user) {
  const { name } = person(view.world, view.guild, user);
  return h("p", { className: "thinking" }, h("span", { className: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), `${name} is thinking…`);
}

function onlyYou(dismiss) {
  return h("p", { className: "only-you" }, icon("eye"), "Only you can see this · ", h("button", { type: "button", className: "text-link", data: { focus: "dismiss" }, onclick: dismiss }, "Dismiss message"));
}

function reactions(message, view) {
  if (!message.reactions?.length) return undefined;
  return h("div", { className: "reactions" }, message.reactions.map((reaction) => h("button", {
    type: "button", className: "reaction", "aria-pressed": String(reaction.me), "aria-label": `${reaction.emoji.name}, ${reaction.count}`,
    data: { focus: `reaction-${reaction.emoji.name}` }, onclick: () => view.react(message, reaction.emoji.name),
  }, emoji(reaction.emoji.name), String(reaction.count))));
}

/** The line above: which command it answers, or which message. */
function origin(message, view) {
  const meta = message.interaction_metadata;
  const command = message.interaction?.name ?? meta?.name;
  if ([MessageType.COMMAND, MessageType.CONTEXT_COMMAND].includes(message.type) && meta) return invoked(meta.user, command, message.type, view);
  if (message.type === MessageType.REPLY) return replied(message, view);
  return undefined;
}

export function invoked(user, command, type, view) {
  const who = person(view.world, view.guild, user);
  const sign = type === MessageType.CONTEXT_COMMAND ? "" : "/";
  return h("div", { className: "origin" }, h("span", { className: "spine", "aria-hidden": "true" }), avatar(user, { className: "micro" }),
    h("span", { className: "author", vars: who.colour && { role: who.colour } }, who.name), " used ", h("span", { className: "mention" }, `${sign}${command ?? "a command"}`));
}

function replied(message, view) {
  const target = message.referenced_message ?? view.world.message(message.message_reference?.message_id);
  const spine = h("span", { className: "spine", "aria-hidden": "true" });
  if (!target) return h("div", { className: "origin" }, spine, h("em", {}, "Original message was deleted"));
  const who = person(view.world, view.guild, target.author);
  const words = plainText(target.content || target.embeds?.[0]?.description || "", view.names).slice(0, EXCERPT) || "Click to see the message";
  return h("div", { className: "origin" }, spine, avatar(target.author, { className: "micro" }), quiet("in reply to "),
    h("span", { className: "author", vars: who.colour && { role: who.colour } }, who.name),
    h("button", { type: "button", className: "excerpt", onclick: () => view.reveal(target.id) }, withEmoji(words)));
}

function toolbar(message, view) {
  if (message.flags & MessageFlag.LOADING) return undefined;
  const more = h("button", { type: "button", "aria-label": "More actions", "aria-haspopup": "menu", title: "More", data: { focus: "more" } }, icon("more", "bold"));
  more.addEventListener("click", () => view.openMenu(message, more));
  const reply = h("button", { type: "button", "aria-label": "Reply", title: "Reply", data: { focus: "reply" }, onclick: () => view.reply(message) }, icon("reply"));
  return h("div", { className: "toolbar", role: "toolbar", "aria-label": "Message actions" }, !(message.flags & MessageFlag.EPHEMERAL) && reply, more);
}

// Messages that Discord words itself.
const SPECIAL = {
  [MessageType.RENAMED]: (message, view) => systemLine(message, view, "thread", (who) => [who, " changed the name: ", h("strong", {}, message.content)]),
  [MessageType.JOINED]: (message, view) => systemLine(message, view, "enter", (who) => [who, " is here. Welcome!"]),
  [MessageType.THREAD_CREATED]: (message, view) => systemLine(message, view, "thread", (who) => [who, " started a thread: ", openThread(message, view)]),
  [MessageType.THREAD_STARTER]: (message, view) => starter(message, view),
};

function systemLine(message, view, sign, words) {
  const author = person(view.world, view.guild, message.author);
  const at = new Date(message.timestamp);
  const who = h("span", { className: "author", vars: author.colour && { role: author.colour } }, author.name);
  return h("li", { className: "message system", tabindex: "-1", data: { id: message.id, focus: `message-${message.id}` } },
    icon(sign), h("p", {}, words(who), " ", h("time", { datetime: message.timestamp, title: fullTime(at) }, messageTime(at))));
}

function openThread(message, view) {
  const id = message.message_reference?.channel_id;
  return h("button", { type: "button", className: "text-link strong", onclick: () => view.openChannel(id) }, message.content || "thread");
}

/** The message that a thread was made from, as the thread shows it. */
function starter(message, view) {
  const reference = message.message_reference;
  const target = message.referenced_message ?? view.world.message(reference?.message_id);
  if (target) return messageElement({ ...target, id: message.id, thread: undefined, components: [] }, false, view);
  return h("li", { className: "message system", tabindex: "-1", data: { id: message.id } }, icon("thread"), h("p", {}, inlineMarkdown("The message this thread began with is not here any more.", view.names)));
}
