/* Selecting rows of the lead list: single, a range with Shift, the page, or all that match. */
(() => {
  "use strict";
  const list = document.getElementById("list");
  const form = document.getElementById("bulk-form");
  if (!list || !form) return;
  const boxes = () => [...list.querySelectorAll("input[name=lead]")];
  let last = null;
  let all = false;

  const draw = () => {
    const ticked = boxes().filter((box) => box.checked);
    for (const box of boxes()) box.closest("tr").setAttribute("aria-selected", String(box.checked));
    const bar = list.querySelector("[data-bulk]");
    if (!bar) return;
    bar.hidden = ticked.length === 0;
    const everything = bar.querySelector("[data-select-all]");
    bar.querySelector("[data-count]").textContent = `${all ? everything.dataset.total : ticked.length} selected`;
    if (everything) everything.hidden = all || ticked.length < boxes().length;
    const page = list.querySelector("[data-select-page]");
    page.checked = ticked.length === boxes().length;
    page.indeterminate = ticked.length > 0 && !page.checked;
    form.querySelector("input[name=all]")?.remove();
    if (all) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "all", value: "1" }));
  };
  const clear = () => {
    all = false;
    for (const box of boxes()) box.checked = false;
    draw();
  };
  list.addEventListener("click", (event) => {
    const box = event.target;
    if (box.matches("input[name=lead]")) {
      const every = boxes();
      if (event.shiftKey && last && every.includes(last)) {
        const [from, to] = [every.indexOf(last), every.indexOf(box)].sort((a, b) => a - b);
        for (const one of every.slice(from, to + 1)) one.checked = box.checked;
      }
      last = box;
      all = false;
      draw();
    } else if (box.matches("[data-select-page]")) {
      for (const one of boxes()) one.checked = box.checked;
      all = false;
      draw();
    } else if (box.closest("[data-select-all]")) {
      all = true;
      draw();
    } else if (box.closest("[data-clear]")) clear();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input:not([type=checkbox]), textarea, select") || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && boxes().some((box) => box.checked)) clear();
    // Shift X: everything between the last ticked row and this one.
    if (event.key === "X" && event.shiftKey && document.activeElement.matches("[data-row]")) {
      event.stopImmediatePropagation();
      document.activeElement.querySelector("input[name=lead]")?.dispatchEvent(
        new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: true }),
      );
    }
  }, true);
  list.addEventListener("htmx:afterSwap", () => {
    last = null;
    all = false;
    draw();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-show-search]")) return;
    document.getElementById("search-row").classList.add("shown");
    document.getElementById("q").focus();
  });
  draw();
})();
