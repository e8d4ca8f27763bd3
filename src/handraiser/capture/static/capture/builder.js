/* The form builder: drag a field, or Alt and an arrow key on it. Without this file the buttons do the same. */
(() => {
  "use strict";
  const list = document.querySelector(".cv-rows");
  if (!list) return;
  const token = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";

  const move = async (key, to) => {
    const answer = await fetch(`${list.dataset.moveUrl}fields/${key}/move/`, {
      method: "POST",
      headers: { "X-CSRFToken": token() },
      body: new URLSearchParams({ to }),
    });
    location.assign(`?field=${encodeURIComponent(answer.ok ? key : "")}`);
  };

  list.addEventListener("keydown", (event) => {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const row = event.target.closest(".cv-row");
    const button = row && row.querySelector(event.key === "ArrowUp" ? "[data-up]" : "[data-down]");
    if (!button || button.disabled) return;
    event.preventDefault();
    button.click();
  });

  let dragged = null;
  const canMove = Boolean(list.querySelector("[data-up]"));
  for (const row of canMove ? list.children : []) {
    row.draggable = true;
    row.querySelector(".cv-hit").draggable = false;
    row.addEventListener("dragstart", (event) => {
      dragged = row;
      row.classList.add("drag");
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", row.dataset.key);
    });
    row.addEventListener("dragend", () => {
      row.classList.remove("drag");
      const to = [...list.children].indexOf(row);
      if (dragged && String(to) !== row.dataset.at) move(row.dataset.key, to);
      dragged = null;
    });
    row.addEventListener("dragover", (event) => {
      if (!dragged || dragged === row) return;
      event.preventDefault();
      const box = row.getBoundingClientRect();
      list.insertBefore(dragged, event.clientY < box.top + box.height / 2 ? row : row.nextSibling);
    });
  }
  [...list.children].forEach((row, at) => (row.dataset.at = String(at)));
})();
