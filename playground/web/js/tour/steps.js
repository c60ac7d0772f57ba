// The guided tour: five steps, each of a few things to do. What was done is seen from what happens on the page.

const FRED = "Fred";

/** A thing to do: `{words, target(page) -> selector, done(page) -> bool}`. `page` is tour.js's `Watch`. */
export const STEPS = [
  {
    title: "Be Fred, and ask",
    words: "Fred is a member without any special role. Everyone may use the free models here.",
    help: (page) => (page.is(FRED) ? page.compose("ask", { prompt: "How do I greet somebody in Python?", tier: "free" }) : page.be(FRED)),
    tasks: [
      { words: "Become Fred", target: ".me-button", done: (page) => page.is(FRED) },
      { words: "Type /ask, with a question and the tier free, and send it", target: ".composer", done: (page) => page.saw("free answer") },
    ],
  },
  {
    title: "Ask for more than you may",
    words: "Plus models cost more. Fred’s roles don’t include them, so Rolekey says no, kindly, and only to him.",
    help: (page) => page.compose("ask", { prompt: "And with the better model?", tier: "plus" }),
    tasks: [{ words: "Use /ask again, now with the tier plus", target: ".composer", done: (page) => page.saw("refusal") }],
  },
  {
    title: "Give him the role",
    words: "An admin gives Fred the Plus role. Watch his key: it changes tier at once, and stays the same key.",
    help: (page) => (page.tierOf(FRED) === "plus" ? page.compose("ask", { prompt: "And now?", tier: "plus" }) : page.giveRole(FRED)),
    tasks: [
      { words: "Switch Fred’s Plus role on in the panel", panel: true, target: `[data-person="${FRED}"]`, done: (page) => page.tierOf(FRED) === "plus" || page.saw("plus answer") },
      { words: "Ask with the tier plus again", target: ".composer", done: (page) => page.saw("plus answer") },
    ],
  },
  {
    title: "Go on in the thread",
    words: "Each question has a thread of its own, and a thread is a conversation: just write on.",
    help: (page) => (page.inThread() ? page.write("Thanks! And in French?") : page.openThread()),
    tasks: [
      { words: "Open the thread of your answer", target: ".threads .channel, .thread-card", done: (page) => page.inThread() || page.saw("follow-up") },
      { words: "Write a follow-up, without any command", target: ".composer", done: (page) => page.saw("follow-up") },
    ],
  },
  {
    title: "Fred leaves",
    words: "A key lasts as long as the membership. Whoever leaves has none, without anybody having to think of it.",
    help: (page) => page.leave(FRED),
    tasks: [{ words: "Let Fred leave the server: the ⋯ on his card", panel: true, target: `[data-person="${FRED}"]`, done: (page) => page.keyDead(FRED) }],
  },
];
