// Privacy choices. Nothing is written before somebody chose; the cookie hr_consent holds the choice alone.
(() => {
  const d = document;
  const banner = d.querySelector("[data-choices]");
  if (!banner) return;
  const kept = () => (d.cookie.match(/(?:^|; )hr_consent=([^;]*)/) || [])[1] || "";
  const followed = navigator.globalPrivacyControl === true;
  let opener = null;
  const show = (from) => {
    opener = from || null;
    banner.hidden = false;
    const state = kept().includes("analytics") ? "allowed" : "off";
    banner.querySelector("[data-state]").textContent = !kept() && !followed ? "" :
      followed && !kept() ? "Your browser asks not to be followed, so measuring is off." : "Measuring is " + state + ".";
    if (from) banner.querySelector("button").focus();
  };
  const hide = () => {
    banner.hidden = true;
    if (opener) opener.focus();
  };
  banner.addEventListener("click", (e) => {
    const choice = e.target.dataset && e.target.dataset.choice;
    if (!choice) return;
    d.cookie = "hr_consent=1." + choice + ";path=/;SameSite=Lax;max-age=15552000" + (location.protocol === "https:" ? ";Secure" : "");
    hide();
    d.dispatchEvent(new Event("hr:consent"));
  });
  banner.addEventListener("keydown", (e) => { if (e.key === "Escape" && (kept() || followed || opener)) hide(); });
  d.querySelectorAll("[data-choices-open]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => show(button));
  });
  // Global Privacy Control is an answer: nobody asks again.
  if (!kept() && !followed) show();
})();
