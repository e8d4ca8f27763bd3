/* Asking by keys: a digit chooses, Ctrl Enter saves. */
(() => {
  "use strict";
  const form = document.querySelector("[data-asks]");
  if (!form) return;
  const choice = (value) => form.querySelector(`input[name="value"][value="${CSS.escape(value)}"]`);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-save]"));
      return;
    }
    if (document.documentElement.dataset.keys === "off" || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.target.closest("input:not([type=radio]), textarea, select") || document.querySelector("dialog[open]")) return;
    const chosen = /^\d$/.test(event.key) && choice(event.key);
    if (!chosen) return;
    event.preventDefault();
    chosen.checked = true;
    chosen.dispatchEvent(new Event("change", { bubbles: true }));
    form.querySelector("textarea").focus();
  });
})();
