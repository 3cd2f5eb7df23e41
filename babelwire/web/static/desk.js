// Keys, and the reader's time zone. Every page works without this file.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !/(^|; )timezone=/.test(document.cookie)) {
    document.cookie = `timezone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=strict`;
  }

  const hits = [...document.querySelectorAll(".hit")];
  let chosen = -1;
  const choose = (place) => {
    if (!hits.length) return;
    hits[chosen]?.classList.remove("chosen");
    chosen = Math.max(0, Math.min(hits.length - 1, place));
    hits[chosen].classList.add("chosen");
    hits[chosen].scrollIntoView({ block: "nearest" });
    hits[chosen].querySelector("h3 a").focus({ preventScroll: true });
  };
  const sides = [...document.querySelectorAll(".views a")];
  const turn = () => {
    const here = sides.findIndex((link) => link.getAttribute("aria-current"));
    if (here >= 0) location.replace(sides[(here + 1) % sides.length].href);
  };
  const keys = {
    "/": () => document.getElementById("q")?.select(),
    j: () => choose(chosen + 1),
    k: () => choose(chosen - 1),
    o: () => hits[chosen]?.querySelector("h3 a").click(),
    r: () => (hits[chosen] ?? document).querySelector("form.add button")?.click(),
    t: turn,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea")) return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
})();
