/* The condition's fields that matter for the chosen question; Esc closes the panel. All works without it. */
(() => {
  const type = document.querySelector('select[name="type"]');
  const show = () => {
    for (const group of document.querySelectorAll("[data-when]")) group.hidden = group.dataset.when !== type.value;
  };
  if (type) {
    type.addEventListener("change", show);
    show();
  }
  // One "Add step" open at a time.
  const adders = document.querySelectorAll("details.addn");
  for (const one of adders) {
    one.addEventListener("toggle", () => {
      if (one.open) for (const other of adders) if (other !== one) other.open = false;
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    const open = document.querySelector("details.addn[open]");
    if (open) open.open = false;
    else document.querySelector("[data-close]")?.click();
  });
  const as = document.querySelector(".previewas select");
  if (as) as.addEventListener("change", () => as.form.submit());
})();
