// Light, dark or as the system says: set before the first paint, so that no page flashes.
(function () {
  "use strict";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return window.localStorage.getItem("assay-theme") || "system";
    } catch (error) {
      return "system"; // storage is closed in some private windows; the system's choice holds then
    }
  }

  function apply() {
    const choice = chosen();
    const dark = choice === "dark" || (choice === "system" && system.matches);
    document.documentElement.setAttribute("data-bs-theme", dark ? "dark" : "light");
    document.querySelectorAll("[data-theme-choice]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    });
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    try {
      window.localStorage.setItem("assay-theme", button.dataset.themeChoice);
    } catch (error) {
      console.info("Assay: the theme cannot be remembered here:", error.message);
    }
    apply();
  });
  document.addEventListener("DOMContentLoaded", apply);
  system.addEventListener("change", apply);
  apply();
})();
