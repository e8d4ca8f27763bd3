/* Asks for news every four seconds while somebody can see the page; shows the count and a toast. */
(() => {
  const url = document.currentScript.dataset.poll;
  const token = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
  let after = null;

  const count = (n) => {
    for (const link of document.querySelectorAll('.side .nav a[href="/admin/inbox/"]')) {
      let badge = link.querySelector(".cnt");
      if (!badge && n) link.append((badge = Object.assign(document.createElement("span"), { className: "cnt" })));
      if (badge) badge.textContent = n ? (n > 99 ? "99+" : n) : "";
    }
  };

  const toast = ({ title, open }) => {
    const box = Object.assign(document.createElement("div"), { className: "toast" });
    const form = Object.assign(document.createElement("form"), { method: "post", action: open });
    const key = Object.assign(document.createElement("input"), { type: "hidden", name: "csrfmiddlewaretoken", value: token() });
    form.append(key, Object.assign(document.createElement("button"), { textContent: "Open" }));
    box.append(Object.assign(document.createElement("span"), { textContent: title }), form);
    document.getElementById("toasts").append(box);
    let left;
    const run = () => (left = setTimeout(() => box.remove(), 10_000));
    for (const name of ["focusin", "mouseenter"]) box.addEventListener(name, () => clearTimeout(left));
    for (const name of ["focusout", "mouseleave"]) box.addEventListener(name, run);
    run();
  };

  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(after === null ? url : `${url}?after=${encodeURIComponent(after)}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const news = await answer.json();
      after = news.latest || "";
      count(news.count);
      news.new.forEach(toast);
    } catch {
      // Offline: the next turn asks again.
    }
  };

  setInterval(ask, 4000);
  document.addEventListener("visibilitychange", ask);
  ask();
})();
