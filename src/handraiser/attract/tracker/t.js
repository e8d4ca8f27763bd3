(() => {
const w = window, d = document, n = navigator, l = location;
const script = d.currentScript;
const door = new URL("/e", script ? script.src : l.href).href;
const clicks = ["gclid", "gbraid", "wbraid", "msclkid", "fbclid", "ttclid", "li_fat_id", "twclid", "dclid", "rdt_cid", "epik", "scid"];
const cookie = (name) => (d.cookie.match(new RegExp("(?:^|; )" + name + "=([^;]*)")) || [])[1] || "";
const private_ = () => n.globalPrivacyControl === true || n.doNotTrack === "1";
const allowed = () => !private_() && cookie("hr_consent").split(".").includes("analytics");
const hex = (size) => Array.from(crypto.getRandomValues(new Uint8Array(size)), (b) => b.toString(16).padStart(2, "0")).join("");
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
const outside = (url) => {
try { return !!url && new URL(url).host !== l.host; } catch { return false; }
};
const address = () => {
const url = new URL(l.href);
url.hash = "";
if (private_()) clicks.forEach((name) => url.searchParams.delete(name));
return url.href.slice(0, 2000);
};
let current = { url: address(), referrer: outside(d.referrer) ? d.referrer : "" };
let first = current, last = current;
const named = () => outside(d.referrer) || /[?&](utm_|gclid|msclkid|fbclid)/.test(l.search);
const touches = () => {
if (!allowed()) return;
try {
const kept = JSON.parse(sessionStorage.getItem("hr_t") || "{}");
first = kept.f || first;
last = named() || !kept.l ? last : kept.l;
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
let queue = [], timer = 0, failures = 0;
const flush = (leaving) => {
clearTimeout(timer);
timer = 0;
if (!queue.length) return;
const batch = queue.splice(0, 50);
const body = JSON.stringify({ v: visitor(), c: allowed() ? 1 : 0, g: private_() ? 1 : 0, s: Date.now(), e: batch });
if (leaving === true && n.sendBeacon && n.sendBeacon(door, body)) return;
fetch(door, { method: "POST", body, keepalive: true, credentials: "omit" }).then((answer) => {
if (answer.status > 499 || answer.status === 429) throw 0;
failures = 0;
}).catch(() => {
queue = batch.concat(queue).slice(-100);
if (failures++ < 5) timer = timer || setTimeout(flush, 2000 << failures);
});
};
const push = (event) => {
queue.push({ i: Date.now().toString(36) + hex(8), a: Date.now(), u: address(), ...event });
if (queue.length > 19) flush(); else timer = timer || setTimeout(flush, 800);
};
const track = (name, properties) => push({ k: "track", n: String(name).slice(0, 120), p: properties || {} });
let seen = "";
const page = () => {
const here = l.href.split("#")[0];
if (here === seen) return;
push({ k: "page", t: d.title, r: seen || d.referrer });
seen = here;
};
const start = () => {
touches();
fillAll();
page();
};
d.addEventListener("click", (e) => {
const el = e.target.closest && e.target.closest("[data-hr-event]");
if (el) track(el.dataset.hrEvent, { label: (el.textContent || "").trim().slice(0, 80), target: (el.getAttribute("href") || "").split("?")[0] });
}, true);
d.addEventListener("submit", (e) => e.target.matches("form[data-hr-form]") && fill(e.target), true);
d.addEventListener("visibilitychange", () => d.visibilityState === "hidden" && flush(true));
w.addEventListener("pagehide", () => flush(true));
w.addEventListener("pageshow", (e) => { if (e.persisted) { seen = ""; page(); } });
w.addEventListener("popstate", page);
["pushState", "replaceState"].forEach((name) => {
const original = history[name];
history[name] = function () {
original.apply(this, arguments);
page();
};
});
d.addEventListener("hr:consent", () => {
if (!allowed()) {
id = "";
keep("hr_v", "", 0);
try { sessionStorage.removeItem("hr_t"); } catch {}
}
touches();
fillAll();
});
w.handraiser = { track };
if (d.prerendering) d.addEventListener("prerenderingchange", start, { once: true }); else start();
})();
