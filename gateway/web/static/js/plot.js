// What a column of a plot stands for, beside it. The figures are those of the table, so what is told here is in there.

/** Tell of the column under the pointer, or that a finger touched. */
export function plots() {
  for (const plot of document.querySelectorAll("[data-plot]")) {
    const told = plot.querySelector(".plot-told");
    plot.addEventListener("pointermove", (event) => show(plot, told, event.target.closest(".plot-column")));
    plot.addEventListener("pointerdown", (event) => show(plot, told, event.target.closest(".plot-column")));
    plot.addEventListener("pointerleave", () => show(plot, told, null));
  }
}

function show(plot, told, column) {
  plot.querySelector(".plot-column.on")?.classList.remove("on");
  column?.classList.add("on");
  told.hidden = !column;
  if (!column) return;
  const row = document.querySelector(`tr[data-column="${column.dataset.column}"]`);
  const names = [...row.closest("table").tHead.rows[0].cells].map((cell) => cell.textContent);
  const days = document.createElement("strong");
  days.textContent = row.cells[0].textContent.trim();
  told.replaceChildren(days, ...[...row.cells].slice(1).map((cell, index) => line(names[index + 1], cell.textContent)));
  const [within, at] = [plot.getBoundingClientRect(), column.getBoundingClientRect()];
  const right = at.right - within.left + 8;
  const fits = right + told.offsetWidth < within.width;
  told.style.left = `${fits ? right : Math.max(0, at.left - within.left - told.offsetWidth - 8)}px`;
}

function line(name, figure) {
  const made = document.createElement("div");
  made.append(...[name, figure].map((words) => Object.assign(document.createElement("span"), { textContent: words })));
  return made;
}
