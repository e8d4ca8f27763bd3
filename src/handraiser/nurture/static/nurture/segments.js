// The editor of a segment: a press of a button that adds or removes keeps the focus, and typing is kept by itself.
"use strict";
(() => {
  const form = document.getElementById("conditions");
  if (!form || !window.htmx) return;
  let deed = "keep";
  form.addEventListener("submit", (event) => {
    const pressed = event.submitter;
    if (!pressed || pressed.value === "save" || pressed.form !== form) return;
    event.preventDefault();
    deed = pressed.value;
    const group = pressed.closest(".sg-group");
    form.dataset.back = group ? group.id : "";
    form.dataset.deed = pressed.value.split(":")[0];
    window.htmx.trigger(form, "press");
  });
  // htmx would send the button that merely has the focus: only what was pressed is done, and once.
  form.addEventListener("htmx:configRequest", (event) => {
    if (event.target !== form) return;
    event.detail.parameters["do"] = deed;
    deed = "keep";
  });
  // What has the focus is another element after the swap: it gets it back by its id.
  form.addEventListener("htmx:beforeSwap", () => {
    const active = document.activeElement;
    form.dataset.focus = active && form.contains(active) ? active.id : "";
  });
  form.addEventListener("htmx:afterSwap", () => {
    const group = document.getElementById(form.dataset.back || "");
    const rows = group ? group.querySelectorAll(":scope > .sg-leaf, :scope > .sg-group") : [];
    const added = form.dataset.deed === "add" && rows.length ? rows[rows.length - 1].querySelector("select") : null;
    const button = group && group.querySelector(":scope > .sg-add button");
    const back = form.dataset.back ? added || button : document.getElementById(form.dataset.focus || "");
    if (back) back.focus();
    form.dataset.back = "";
  });
})();
