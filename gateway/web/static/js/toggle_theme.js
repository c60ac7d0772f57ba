// Dark or light, as chosen on this browser; see theme.js.

export function toggleTheme() {
  const element = document.documentElement;
  const dark = element.dataset.theme ? element.dataset.theme === "dark" : !matchMedia("(prefers-color-scheme: light)").matches;
  element.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("rolekey-theme", element.dataset.theme);
}
