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

  // How long a summary is, in code points as the server counts them.
  for (const told of document.querySelectorAll("[data-counts]")) {
    const field = document.getElementById(told.dataset.counts);
    const { limit, words } = told.dataset;
    const tell = () => {
      const length = [...field.value].length;
      const shown = length.toLocaleString(document.documentElement.lang, { numberingSystem: "latn" });
      told.firstElementChild.textContent = words.replace("{}", shown);
      told.querySelector("strong").hidden = length <= limit;
    };
    field.addEventListener("input", tell);
    addEventListener("pageshow", tell); // going back brings back what was typed
  }

  // What takes a while to count is loaded where the reader comes to the link to it.
  const load = async (link) => {
    const answer = await fetch(link.href);
    const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
    const found = page.getElementById(link.dataset.load);
    if (found) link.parentElement.replaceWith(found);
  };
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      load(target).catch(() => {}); // the link stays
    }
  });
  for (const link of document.querySelectorAll("a[data-load]")) seen.observe(link);
})();
