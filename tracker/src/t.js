// The tracker. Comments stand on lines of their own: the build drops them.
(() => {
  const w = window, d = document, n = navigator, l = location;
  const script = d.currentScript;
  const door = new URL("/e", script ? script.src : l.href);
  const click = /cl(k|ick)?id$|braid$|_cid$|^(epik|scid|sccid|li_fat_id|gad_source|tblci|mc_eid|_kx)$/i;
  // Capturing: what a page does with its own events hides nothing.
  const on = (where, what, then) => where.addEventListener(what, then, true);
  const cookie = (name) => (d.cookie.match(new RegExp("(?:^|; )" + name + "=([^;]*)")) || [])[1] || "";
  const private_ = () => n.globalPrivacyControl || n.doNotTrack === "1";
  const allowed = () => !private_() && cookie("hr_consent").split(".").includes("analytics");
  const hex = (size) => [...crypto.getRandomValues(new Uint8Array(size))].map((b) => b.toString(16).padStart(2, "0")).join("");

  // --- who: an id of our own, after consent only
  let id = "";
  const keep = (name, value, seconds) => {
    d.cookie = name + "=" + value + ";path=/;SameSite=Lax;max-age=" + seconds + (l.protocol === "https:" ? ";Secure" : "");
  };
  const visitor = () => {
    if (!allowed()) return "";
    id = id || cookie("hr_v");
    if (!/^b_[0-9a-f]{32}$/.test(id)) id = "b_" + hex(16);
    keep("hr_v", id, 15552000);
    return id;
  };

  // --- where from: in memory; kept for the session after consent
  const outside = (url) => {
    try { return new URL(url).host !== l.host; } catch { return false; }
  };
  const fields = (url) => [...url.searchParams.keys()];
  const named = (url) => fields(new URL(url)).some((name) => /^utm_/i.test(name) || click.test(name));
  const address = () => {
    const url = new URL(l.href);
    url.hash = "";
    if (private_()) fields(url).forEach((name) => click.test(name) && url.searchParams.delete(name));
    return url.href.slice(0, 2000);
  };
  const current = { url: address(), referrer: outside(d.referrer) ? d.referrer : "" };
  let first = current, last = current;
  // The page of ours before this one tells its address in full: a campaign in it began the visit.
  if (d.referrer && !current.referrer && named(d.referrer) && !named(current.url) && !private_()) first = last = { url: d.referrer, referrer: "" };
  const touches = () => {
    if (!allowed()) return;
    try {
      const kept = JSON.parse(sessionStorage.getItem("hr_t") || "{}");
      first = kept.f || first;
      last = current.referrer || named(current.url) || !kept.l ? last : kept.l;
      sessionStorage.setItem("hr_t", JSON.stringify({ f: first, l: last }));
    } catch {}
  };
  const value = (touch, key) => {
    if (key === "url" || key === "referrer") return touch[key];
    const url = new URL(touch.url);
    return key === "landing_page" ? url.pathname : url.searchParams.get(key) || "";
  };
  const fill = (form) => form.querySelectorAll('input[name^="hr_"]').forEach((input) => {
    const part = input.name.match(/^hr_(first|last)_(\w+)$/);
    if (part) input.value = value(part[1] === "first" ? first : last, part[2]);
    if (input.name === "hr_visitor") input.value = visitor();
  });
  const fillAll = () => d.querySelectorAll("form[data-hr-form]").forEach(fill);
  // A form of ours in a frame asks the page around it, which answers the frame's own site only.
  on(w, "message", (e) => {
    if (e.data === "hr" && e.origin === door.origin) e.source.postMessage({ hr: [first, last] }, e.origin);
    if (e.source === w.parent && e.data && e.data.hr) {
      [first, last] = e.data.hr;
      fillAll();
    }
  });

  // --- sending: in batches, the last one as a beacon
  let queue = [], timer = 0, failures = 0;
  const flush = (leaving) => {
    clearTimeout(timer);
    timer = 0;
    if (!queue.length) return;
    const batch = queue.splice(0, 50);
    const body = JSON.stringify({ v: visitor(), c: allowed() ? 1 : 0, g: private_() ? 1 : 0, s: Date.now(), e: batch });
    if (leaving === true && n.sendBeacon(door, body)) return;
    fetch(door, { method: "POST", body, keepalive: true, credentials: "omit" }).then((answer) => {
      if (answer.status > 499 || answer.status === 429) throw 0;
      failures = 0;
    }).catch(() => {
      // Sent again with the same ids: nothing is counted twice.
      queue = batch.concat(queue).slice(-100);
      if (failures++ < 5) timer = timer || setTimeout(flush, 2000 << failures);
    });
  };
  const push = (event) => {
    queue.push({ i: Date.now().toString(36) + hex(8), a: Date.now(), u: address(), ...event });
    if (queue.length > 19) flush(); else timer = timer || setTimeout(flush, 800);
  };
  const track = (name, properties) => push({ k: "track", n: String(name).slice(0, 120), p: properties || {} });

  // --- pages, and how long each was looked at
  let seen = "", since = 0;
  const left = () => {
    const seconds = since && Math.round((Date.now() - since) / 1000);
    since = 0;
    if (seconds) track("page_left", { seconds, page: new URL(seen).pathname });
  };
  const leave = () => {
    left();
    flush(true);
  };
  const looking = () => {
    if (d.visibilityState === "visible") since = since || Date.now();
  };
  const page = () => {
    const here = address();
    if (here === seen) return;
    if (seen) left();
    push({ k: "page", t: d.title, r: seen || d.referrer });
    seen = here;
    looking();
  };

  // --- forms begun, and those left without being sent
  let begun = {};
  const abandoned = () => {
    if (begun.form && !begun.sent) track("form_abandon", begun);
    begun = {};
  };

  const start = () => {
    touches();
    fillAll();
    page();
    w.parent.postMessage("hr", "*");
  };
  on(d, "click", (e) => {
    const near = (what) => e.target.closest && e.target.closest(what);
    const link = near("a[href]");
    if (link && /^http/.test(link.protocol)) {
      if (/\.(pdf|zip|docx?|xlsx?|pptx?|csv|txt|mp[34])$/i.test(link.pathname)) track("file_download", { file: link.pathname });
      else if (outside(link.href)) track("outbound_click", { host: link.host });
    }
    const el = near("[data-hr-event]");
    if (el) track(el.dataset.hrEvent, { label: el.textContent.trim().slice(0, 80), target: (el.getAttribute("href") || "").split("?")[0] });
  });
  on(d, "input", (e) => {
    const form = e.target.form && (e.target.form.dataset.hrForm || e.target.form.getAttribute("id"));
    if (!form || !e.isTrusted) return;
    if (begun.form !== form) {
      abandoned();
      track("form_start", { form });
    }
    begun = { form, field: e.target.name };
  });
  on(d, "submit", (e) => {
    // Sent back with a mistake, it is the same form still.
    begun.sent = 1;
    if (e.target.matches("form[data-hr-form]")) fill(e.target);
  });
  on(d, "visibilitychange", () => {
    looking();
    if (d.visibilityState === "hidden") leave();
  });
  on(w, "pagehide", () => {
    abandoned();
    leave();
  });
  on(w, "pageshow", (e) => { if (e.persisted) { seen = ""; page(); } });
  on(w, "popstate", page);
  ["pushState", "replaceState"].forEach((name) => {
    const original = history[name];
    history[name] = function () {
      original.apply(this, arguments);
      page();
    };
  });
  // The banner says when somebody chose; a choice taken back takes the traces with it.
  on(d, "hr:consent", () => {
    if (!allowed()) {
      id = "";
      keep("hr_v", "", 0);
      try { sessionStorage.removeItem("hr_t"); } catch {}
    }
    touches();
    fillAll();
  });
  w.handraiser = Object.assign(track, { track });
  if (d.prerendering) on(d, "prerenderingchange", start); else start();
})();
