// Moments as the reader's own clock has them; the gateway wrote them in UTC.

/** Rewrite those within a part of the page. */
export function localTimes(where) {
  const style = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const time of where.querySelectorAll("time[datetime]")) time.textContent = style.format(new Date(time.dateTime));
}
