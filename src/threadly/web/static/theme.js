// Runs before the first paint, so that a chosen theme never flashes. "system" stores nothing.
(() => {
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is switched off: the page follows the system.
  }
  document.documentElement.classList.add("js");
})();
