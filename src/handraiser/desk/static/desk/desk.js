/* Dialogs of the desk: links and buttons that without this script open a page of their own. */
(() => {
  "use strict";
  const dialog = document.getElementById("desk-dialog");
  if (!dialog) return;
  const show = async (url, opener) => {
    await htmx.ajax("GET", url, { target: dialog, swap: "innerHTML" });
    if (!dialog.open) window.handraiser.open(dialog, opener);
    dialog.querySelector("[autofocus], select, input:not([type=hidden]):not([type=radio])")?.focus();
  };
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      show(opener.href, dialog.open ? document.activeElement : opener);
    }
    const button = event.target.closest("[data-dialog-form]");
    if (button) {
      event.preventDefault();
      const query = new URLSearchParams(new FormData(button.form));
      show(`${button.formAction}?${query}`, button);
    }
    if (event.target.closest("[data-close]") && dialog.open) {
      event.preventDefault();
      dialog.close();
    }
  });
})();
