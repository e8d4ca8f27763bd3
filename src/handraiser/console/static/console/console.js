/* The shell's behaviour: palette, keys, toasts, what htmx shows while it waits and when it fails.
   Everything here is an extra: reading, filtering and forms work without it. */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const body = document.body;
  const csrf = () => JSON.parse(body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";

  // --- dialogs: any [data-opens="#id"] opens one; focus goes back to its opener -----------------------
  const open = (dialog, opener = document.activeElement) => {
    if (!dialog || dialog.open) return;
    dialog.showModal();
    dialog.addEventListener("close", () => opener?.focus?.(), { once: true });
  };
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      event.preventDefault();
      open($(opener.dataset.opens), opener);
    }
    if (event.target.closest("[data-palette]")) showPalette();
    if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
    if (event.target.matches("dialog")) {
      const box = event.target.getBoundingClientRect();
      const outside =
        event.clientX < box.left ||
        event.clientX > box.right ||
        event.clientY < box.top ||
        event.clientY > box.bottom;
      if (outside) event.target.close();
    }
    for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  for (const dialog of $$("dialog[data-open-now]")) open(dialog);

  // On a phone the tabs scroll sideways; where one stands must be seen.
  for (const tab of $$(".tabs [aria-current]")) {
    const row = tab.closest(".tabs");
    row.scrollLeft = tab.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }

  // --- find or do -----------------------------------------------------------------------------------
  const palette = $("#palette");
  let asked = 0;
  let typing;
  const lines = () => $$("[role=option]", palette);
  const chosen = () => $("[aria-selected=true]", palette);
  const choose = (line) => {
    chosen()?.setAttribute("aria-selected", "false");
    line?.setAttribute("aria-selected", "true");
    line?.scrollIntoView({ block: "nearest" });
    const input = $("input", palette);
    input.setAttribute("aria-activedescendant", line?.id || "");
    input.setAttribute("aria-expanded", String(Boolean(line)));
  };
  const ask = async () => {
    const mine = ++asked;
    const words = $("input", palette).value;
    try {
      const answer = await fetch(`${palette.dataset.findUrl}?q=${encodeURIComponent(words)}`, {
        headers: { "HX-Request": "true" },
      });
      if (!answer.ok) throw new Error(answer.status);
      const html = await answer.text();
      if (mine !== asked) return; // an older question answered late
      $("[data-lines]", palette).innerHTML = html;
      choose(lines()[0]);
    } catch {
      if (mine === asked)
        $("[data-lines]", palette).innerHTML = "<p>Could not search. Type again to retry.</p>";
    }
  };
  const showPalette = () => {
    if (!palette) return;
    open(palette);
    $("input", palette).select();
    ask();
  };
  palette?.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(ask, 120);
  });
  palette?.addEventListener("keydown", (event) => {
    const all = lines();
    const at = all.indexOf(chosen());
    if (event.key === "ArrowDown") choose(all[Math.min(at + 1, all.length - 1)]);
    else if (event.key === "ArrowUp") choose(all[Math.max(at - 1, 0)]);
    else if (event.key === "Enter" && chosen()) {
      if (event.metaKey || event.ctrlKey) window.open(chosen().href, "_blank");
      else chosen().click();
    } else return;
    event.preventDefault();
  });

  // --- keys: [data-key="A"] is pressed by its letter, [data-go="t"] by G and then its letter ------------
  const keysOff = document.documentElement.dataset.keys === "off";
  const help = $("#keys");
  let afterG = 0;
  const inField = (node) =>
    node.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]");
  const shown = (node) => node.getClientRects().length > 0;
  const rows = () => $$("[data-row]").filter(shown);
  const current = () => document.activeElement.closest?.("[data-row]");
  const walk = (step) => {
    const all = rows();
    const at = all.indexOf(current());
    const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
    if (!next) return false;
    if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
    next.focus();
    return true;
  };
  const act = (letter) => {
    if (letter === "/") {
      const search = $$("[data-search], .bar input[type=search]").find(shown);
      search?.focus();
      return Boolean(search);
    }
    if (letter === "?") return showKeys();
    if (letter === "j") return walk(1);
    if (letter === "k") return walk(-1);
    if (letter === "x" && current()) {
      const box = $("input[type=checkbox]", current());
      box?.click();
      return Boolean(box);
    }
    const button = $$(`[data-key="${letter}"], [data-key="${letter.toUpperCase()}"]`).find(shown);
    button?.click();
    return Boolean(button);
  };
  const showKeys = () => {
    if (!help) return false;
    const here = $("[data-keys-here]", help);
    here.replaceChildren(
      ...$$("[data-key]")
        .filter(shown)
        .flatMap((button) => {
          const key = document.createElement("dt");
          key.append(
            Object.assign(document.createElement("kbd"), { textContent: button.dataset.key.toUpperCase() }),
          );
          const what = document.createElement("dd");
          const words = button.cloneNode(true);
          $$("kbd", words).forEach((key) => key.remove());
          what.textContent = button.getAttribute("aria-label") || words.textContent.trim();
          return [key, what];
        }),
    );
    open(help);
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      showPalette();
      return;
    }
    if (event.key === "Escape") {
      for (const menu of $$("details.menu[open]")) {
        menu.open = false;
        $("summary", menu)?.focus();
      }
      return;
    }
    if (event.key === "Enter" && event.target.matches?.("[data-row]")) {
      $("a[href]", event.target)?.click();
      return;
    }
    if (
      keysOff ||
      event.metaKey ||
      event.ctrlKey ||
      event.altKey ||
      inField(event.target) ||
      $("dialog[open]")
    )
      return;
    const letter = event.key.toLowerCase();
    if (Date.now() - afterG < 1200) {
      afterG = 0;
      const place = $(`[data-go="${letter}"]`);
      if (place) {
        event.preventDefault();
        location.assign(place.href);
        return;
      }
    }
    if (letter === "g") afterG = Date.now();
    else if (letter.length === 1 && act(letter)) event.preventDefault();
  });

  // --- toasts: 10 s, held while focused or pointed at ---------------------------------------------------
  const place = $("#toasts");
  const start = (toast) => {
    let left;
    const run = () => (left = setTimeout(() => toast.remove(), 10_000));
    const hold = () => clearTimeout(left);
    for (const name of ["focusin", "mouseenter"]) toast.addEventListener(name, hold);
    for (const name of ["focusout", "mouseleave"]) toast.addEventListener(name, run);
    toast.addEventListener("click", (event) => event.target.closest("[data-shut]") && toast.remove());
    if (!toast.hasAttribute("data-failed")) run();
  };
  const say = (text, undo = "") => {
    if (!place) return;
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.append(Object.assign(document.createElement("span"), { textContent: text }));
    if (undo) {
      const form = Object.assign(document.createElement("form"), { method: "post", action: undo });
      form.append(
        Object.assign(document.createElement("input"), {
          type: "hidden",
          name: "csrfmiddlewaretoken",
          value: csrf(),
        }),
      );
      const button = Object.assign(document.createElement("button"), { textContent: "Undo" });
      button.dataset.key = "z";
      form.append(button);
      toast.append(form);
    }
    place.append(toast);
    start(toast);
  };
  $$("[data-toast]").forEach(start);
  // A view answers htmx with HX-Trigger: {"toast": {"text": "…", "undo": "/…"}}.
  body.addEventListener("toast", (event) => say(event.detail.text, event.detail.undo));

  // --- htmx: dim what waits longer than 300 ms, keep the old content when something fails -------------
  const waits = new WeakMap();
  body.addEventListener("htmx:beforeRequest", ({ detail }) => {
    waits.set(
      detail.xhr,
      setTimeout(() => detail.target.classList.add("dim"), 300),
    );
  });
  body.addEventListener("htmx:afterRequest", ({ detail }) => {
    clearTimeout(waits.get(detail.xhr));
    detail.target.classList.remove("dim");
  });
  const problem = (what, then) =>
    `<div class="errb" role="alert" data-declined="here"><div><b>${what}</b> ${then}</div></div>`;
  const complain = (target, html) => {
    $$(":scope > [data-declined]", target).forEach((old) => old.remove());
    target.insertAdjacentHTML("afterbegin", html);
    $(":scope > [data-declined]", target)?.scrollIntoView({ block: "nearest" });
  };
  body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (/^\s*<!doctype html/i.test(xhr.responseText.slice(0, 200))) {
      // A whole page in answer to a fragment: the session ended, or the role may not.
      event.detail.shouldSwap = false;
      if (xhr.status < 400) location.assign(location.href);
      else if (xhr.status < 500)
        complain(target, problem("Your role may not do this.", "Nothing was changed."));
      return;
    }
    if (xhr.status < 400 || !/data-declined=/.test(xhr.responseText.slice(0, 600))) return;
    event.detail.shouldSwap = false; // what was typed stays; the reason stands above it
    complain(target, xhr.responseText);
  });
  body.addEventListener("htmx:responseError", ({ detail }) => {
    if (detail.xhr.status >= 500)
      complain(
        detail.target,
        problem("This could not be loaded.", "Try again; if it stays, tell whoever runs this server."),
      );
  });
  body.addEventListener("htmx:sendError", ({ detail }) =>
    complain(detail.target, problem("The connection dropped.", "Nothing was sent; try again.")),
  );

  // --- leaving unsaved work asks: forms marked [data-unsaved] --------------------------------------------
  let dirty = false;
  document.addEventListener(
    "input",
    (event) => (dirty ||= Boolean(event.target.closest("form[data-unsaved]"))),
  );
  document.addEventListener("submit", () => (dirty = false), true);
  window.addEventListener("beforeunload", (event) => dirty && event.preventDefault());

  // --- small pieces: [data-copy] copies, [data-submits] sends its form at once ------------------------------
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    say("Copied.");
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  window.handraiser = { say, open };
})();
