/* J and K walk from lead to lead of the list that this one was opened from. */
(() => {
  "use strict";
  document.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.keys === "off" || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.target.closest("input, textarea, select") || document.querySelector("dialog[open]")) return;
    document.querySelector(`[data-walk="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
  });
})();
