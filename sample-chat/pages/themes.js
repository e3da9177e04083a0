// Light, dark, or as the system has it; see theme.js for the first paint.

const NAMES = { auto: "Colours: as the system has them", light: "Colours: light", dark: "Colours: dark" };
const ORDER = ["auto", "light", "dark"];

export function themeSwitch(button) {
  const root = document.documentElement;
  const current = () => root.dataset.theme ?? "auto";

  function label() {
    button.title = NAMES[current()];
    button.setAttribute("aria-label", NAMES[current()]);
  }

  function next() {
    const chosen = ORDER[(ORDER.indexOf(current()) + 1) % ORDER.length];
    if (chosen === "auto") delete root.dataset.theme;
    else root.dataset.theme = chosen;
    try {
      if (chosen === "auto") localStorage.removeItem("theme");
      else localStorage.setItem("theme", chosen);
    } catch {
      // No storage: the choice lasts as long as the page.
    }
    label();
  }

  button.addEventListener("click", next);
  label();
  return { next };
}
