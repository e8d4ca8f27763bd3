/* J and K walk from lead to lead of the list that this one was opened from. */
(() => {
  "use strict";
  document.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.keys === "off" || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.target.closest("input, textarea, select") || document.querySelector("dialog[open]")) return;
    document.querySelector(`[data-walk="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
  });
})();
/* The timeline: arrows walk its lines, earlier ones come by themselves where nothing stands below them. */
(() => {
  "use strict";
  const timeline = document.getElementById("timeline");
  const said = document.getElementById("tl-said");
  const beside = matchMedia("(min-width: 1101px)");
  const lines = () => [...timeline.querySelectorAll(".tl > li:not(.day)")];
  const reached = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting && beside.matches) one.target.click();
  });
  let count = 0;

  const arrange = () => {
    const all = lines();
    for (const line of all) line.tabIndex = -1;
    if (all[0]) all[0].tabIndex = 0;
    reached.disconnect();
    const more = timeline.querySelector("[data-more]");
    if (more) reached.observe(more);
    count = all.length;
  };
  timeline.addEventListener("keydown", (event) => {
    const line = event.target.closest(".tl > li");
    if (!line || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const all = lines();
      const next = all[all.indexOf(line) + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      event.preventDefault();
      next.focus();
    } else if (event.key === "Enter" && event.target === line) {
      line.querySelector("summary")?.click();
    }
  });
  let asked = null; // the line after which more was asked for, by a key or a click on the button itself
  document.addEventListener("htmx:beforeRequest", (event) => {
    const button = event.target.closest?.("#earlier a");
    asked = button && document.activeElement === button ? lines().length : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    const before = count;
    const all = lines();
    if (all.length === before && asked === null) return arrange();
    if (asked !== null && all[asked]) all[asked].tabIndex = -1;
    arrange();
    if (asked !== null) all[asked]?.focus({ preventScroll: true });
    asked = null;
    said.textContent = all.length > before && before ? `${all.length - before} earlier lines` : `${all.length} lines`;
  });
  arrange();
})();
