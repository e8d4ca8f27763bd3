/* Wagtail's editor leaves the entries of a list, and rich text, without a name for screen readers.
   They get the words of the nearest label above them. */
(() => {
  "use strict";
  const FIELDS = ".w-field__input input:not([type=hidden]), .public-DraftEditor-content";
  const LABELS = ":scope > label, :scope > .w-panel__header .w-panel__heading";
  const words = (field) => {
    for (let node = field.parentElement; node; node = node.parentElement) {
      const said = node.querySelector(LABELS)?.textContent.replace("*", "").trim();
      if (said) return said;
    }
    return "";
  };
  const name = () => {
    for (const field of document.querySelectorAll(FIELDS)) {
      if (field.ariaLabel || field.labels?.length) continue;
      const said = words(field);
      if (said) field.ariaLabel = said;
    }
  };
  let asked = 0;
  const soon = () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(name);
  };
  document.addEventListener("DOMContentLoaded", () => {
    soon();
    new MutationObserver(soon).observe(document.body, { childList: true, subtree: true });
  });
})();
