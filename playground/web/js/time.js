// Times as Discord writes them, in the reader's own language and zone.

const EPOCH = 1420070400000n; // https://discord.com/developers/docs/reference#snowflakes

/** When a snowflake was made, in ms since 1970. */
export const snowflakeTime = (id) => Number((BigInt(id) >> 22n) + EPOCH);

/** Older ids first. Snowflakes of the same length sort as text; the length grows with time. */
export const bySnowflake = (a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

const format = (options) => new Intl.DateTimeFormat(undefined, options);
const clock = format({ hour: "2-digit", minute: "2-digit" });
const day = format({ day: "numeric", month: "long", year: "numeric" });
const full = format({ weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" });
const short = format({ day: "2-digit", month: "2-digit", year: "numeric" });
const STYLES = {
  t: clock,
  T: format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  d: short,
  D: day,
  f: format({ day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" }),
  F: full,
};
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const UNITS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

export const clockTime = (date) => clock.format(date);
export const dayName = (date) => day.format(date);
export const fullTime = (date) => full.format(date);
export const sameDay = (a, b) => a.toDateString() === b.toDateString();

/** “14:05” today, “Yesterday at 14:05”, otherwise the date and the time. */
export function messageTime(date, now = new Date()) {
  if (sameDay(date, now)) return clock.format(date);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (sameDay(date, yesterday)) return `Yesterday at ${clock.format(date)}`;
  return `${short.format(date)} ${clock.format(date)}`;
}

/** `<t:seconds:style>`: https://discord.com/developers/docs/reference#message-formatting-timestamp-styles */
export function stamp(seconds, style = "f", now = Date.now()) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return undefined;
  return style === "R" ? fromNow(date.getTime(), now) : (STYLES[style] ?? STYLES.f).format(date);
}

/** “in 3 hours”, “2 minutes ago”. */
export function fromNow(ms, now = Date.now()) {
  const seconds = Math.round((ms - now) / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** “29 d”, “23 h”, “59 min”, “12 s” until then. */
export function left(ms, now = Date.now()) {
  const seconds = Math.max(0, Math.round((ms - now) / 1000));
  if (seconds >= 172800) return `${Math.floor(seconds / 86400)} d`;
  if (seconds >= 7200) return `${Math.floor(seconds / 3600)} h`;
  if (seconds >= 120) return `${Math.floor(seconds / 60)} min`;
  return `${seconds} s`;
}
