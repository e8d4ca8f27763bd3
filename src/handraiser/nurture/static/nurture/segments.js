// The editor of a segment: a press of a button that adds or removes keeps the focus, and typing is kept by itself.
"use strict";
(() => {
  const form = document.getElementById("conditions");
  if (!form || !window.htmx) return;
  form.addEventListener("submit", (event) => {
    const pressed = event.submitter;
    if (!pressed || pressed.value === "save" || pressed.form !== form) return;
    event.preventDefault();
    const deed = document.createElement("input");
    deed.type = "hidden";
    deed.name = "do";
    deed.value = pressed.value;
    form.append(deed);
    const group = pressed.closest(".sg-group");
    form.dataset.back = group ? group.id : "";
    form.dataset.deed = pressed.value.split(":")[0];
    window.htmx.trigger(form, "press");
    deed.remove();
  });
  // What has the focus is another element after the swap: it gets it back by its id.
  form.addEventListener("htmx:beforeSwap", () => {
    const active = document.activeElement;
    form.dataset.focus = active && form.contains(active) ? active.id : "";
  });
  form.addEventListener("htmx:afterSwap", () => {
    const group = document.getElementById(form.dataset.back || "");
    const rows = group ? group.querySelectorAll(":scope > .sg-leaf select.sg-what, :scope > .sg-group select") : [];
    const added = form.dataset.deed === "add" ? rows[rows.length - 1] : group && group.querySelector(".sg-add button");
    const back = form.dataset.back ? added : document.getElementById(form.dataset.focus || "");
    if (back) back.focus();
    form.dataset.back = "";
  });
})();
