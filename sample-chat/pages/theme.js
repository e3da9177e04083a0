// Runs before the first paint, so that a chosen theme does not flash. The choice is one of
// "light", "dark", or none: as the system has it.
(() => {
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") {
      document.documentElement.dataset.theme = chosen;
    }
  } catch {
    // No storage: as the system has it.
  }
})();
