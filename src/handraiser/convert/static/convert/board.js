/* Carrying deals from stage to stage: by hand (SortableJS) and by keys (Space, arrows, Space).
   Without this file the menu on each card does the same. */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  let held = null; // the card that is carried by keys
  let at = 0; // over which of places() it is

  const ends = () => $("#ends");
  const places = () => [...$$(".bcol[data-stage]"), ...$$("[data-stage]", ends())];
  const say = (text) => ($("#board-said").textContent = text);
  const showEnds = (on) => ends() && (ends().hidden = !on);
  const mark = (place) => places().forEach((one) => one.classList.toggle("over", one === place));

  const send = (card, place) => {
    if (place.hasAttribute("data-lost")) return askWhy(card, place);
    const values = { stage: place.dataset.stage, version: card.dataset.version, back: $("#mover [name=back]").value };
    htmx.ajax("POST", card.dataset.move, { target: "#board", swap: "outerHTML", values });
  };

  const askWhy = (card) => {
    const dialog = $("#lost");
    $("form", dialog).action = card.dataset.move;
    $("[name=version]", dialog).value = card.dataset.version;
    $("[data-lost-name]", dialog).textContent = card.dataset.name;
    window.handraiser.open(dialog, $(".kt", card));
  };

  // --- by hand --------------------------------------------------------------------------------------
  const arm = () => {
    if (!window.Sortable || !ends()) return;
    for (const list of $$("#board [data-cards]")) {
      Sortable.create(list, {
        group: "deals",
        sort: false, // cards stand by their next step; only the stage is moved
        draggable: "[data-carry]",
        filter: "summary, .menu *",
        preventOnFilter: false,
        delay: 180,
        delayOnTouchOnly: true,
        animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 160,
        onStart: () => showEnds(true),
        onEnd: ({ item, from, to, oldIndex }) => {
          showEnds(false);
          const place = to.closest("[data-stage]");
          if (from === to) return;
          if (place.hasAttribute("data-lost")) from.insertBefore(item, from.children[oldIndex] || null);
          send(item, place);
        },
      });
    }
  };

  // --- by keys --------------------------------------------------------------------------------------
  const pick = (card) => {
    held = card;
    card.classList.add("held");
    at = places().indexOf(card.closest("[data-stage]"));
    showEnds(true);
    mark(places()[at]);
    say(`${card.dataset.name} picked up. Arrow keys choose a stage, Space puts it down, Escape leaves it.`);
  };
  const leave = () => {
    held?.classList.remove("held");
    held = null;
    showEnds(false);
    mark(null);
  };
  const carry = (step) => {
    at = Math.max(0, Math.min(places().length - 1, at + step));
    mark(places()[at]);
    places()[at].scrollIntoView({ block: "nearest", inline: "nearest" });
    say(`Over ${places()[at].dataset.name}.`);
  };
  const drop = () => {
    const [card, place] = [held, places()[at]];
    leave();
    if (place === card.closest("[data-stage]")) say(`${card.dataset.name} stays where it was.`);
    else send(card, place);
  };
  // Arrows walk from card to card while nothing is carried.
  const walk = (card, key) => {
    const columns = $$(".bcol[data-stage]");
    const column = card.closest(".bcol");
    const cards = $$("[data-carry]", column);
    const row = cards.indexOf(card);
    if (key === "ArrowUp" || key === "ArrowDown") return cards[row + (key === "ArrowDown" ? 1 : -1)];
    const step = key === "ArrowRight" ? 1 : -1;
    for (let i = columns.indexOf(column) + step; i >= 0 && i < columns.length; i += step) {
      const there = $$("[data-carry]", columns[i]);
      if (there.length) return there[Math.min(row, there.length - 1)];
    }
    return null;
  };
  document.addEventListener("keydown", (event) => {
    const card = event.target.closest?.("[data-carry]");
    if (!card || event.target.closest(".menu") || event.metaKey || event.ctrlKey || event.altKey) return;
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    if (event.key === " ") held ? drop() : pick(card);
    else if (event.key === "Escape" && held) {
      say(`${held.dataset.name} stays where it was.`);
      leave();
    } else if (event.key in steps && held) carry(steps[event.key]);
    else if (event.key in steps) {
      const next = walk(card, event.key);
      if (!next) return;
      $(".kt", next).focus();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("focusout", (event) => {
    if (held && !held.contains(event.relatedTarget)) leave();
  });

  // --- the menu's Lost, and what comes after a move ----------------------------------------------------
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-loses]");
    if (!link) return;
    event.preventDefault();
    askWhy(document.getElementById(link.dataset.loses));
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    const board = $("#board");
    if (!board || board.dataset.armed) return;
    board.dataset.armed = "1";
    arm();
    const moved = board.dataset.moved && document.getElementById(board.dataset.moved);
    (moved ? $(".kt", moved) : $(".board"))?.focus();
  });
  const board = $("#board");
  if (board) board.dataset.armed = "1";
  arm();
})();
