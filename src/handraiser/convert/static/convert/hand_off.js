/* A hand-off's running clock, and the call that begins when it was accepted with one. */
(() => {
  "use strict";
  const span = (seconds) => {
    const two = (n) => String(n).padStart(2, "0");
    if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
    if (seconds < 2 * 86400) return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
    return `${Math.floor(seconds / 86400)} days`;
  };
  // Said once at five minutes, at one minute and when late: not every second.
  const words = new Map([[300, "5 minutes left"], [60, "1 minute left"], [0, "This hand-off is late now"]]);
  const tick = () => {
    for (const clock of document.querySelectorAll("[data-clock]")) {
      const end = Date.parse(clock.dataset.clock);
      const whole = Math.max((end - Date.parse(clock.dataset.from)) / 1000, 1);
      const left = Math.round((end - Date.now()) / 1000);
      clock.textContent = left >= 0 ? `${span(left)} left` : `${span(-left)} late`;
      const head = clock.closest(".ho-head");
      if (head) head.dataset.mood = left < whole / 5 ? "late" : left < whole / 2 ? "soon" : "calm";
      const said = head?.querySelector("[data-clock-said]");
      if (said && words.has(left)) said.textContent = words.get(left);
    }
  };
  tick();
  setInterval(tick, 1000);
  const call = document.querySelector("[data-call-now]");
  if (call) {
    history.replaceState(null, "", location.pathname); // going back must not call again
    location.href = call.href;
  }
})();
