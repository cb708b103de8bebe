// Moving about: drag, keys, buttons, the address's hash; and what is said of the chosen beat.
const changed = () => { limits(); draw(); if (typeof drawRate === "function") drawRate(); };
const show = second => { state.left = second - state.span / 2; changed(); };
function choose(i, quiet) {
  if (i < 0 || i >= nBeats) return;
  state.beat = i; state.left = time[i] - state.span / 2; changed(); describe(i);
  if (!quiet) history.replaceState(null, "", `#beat=${i + 1}`);
}

for (const to of document.querySelectorAll("a.to")) to.addEventListener("click", () => show(Number(to.dataset.at)));

// Jumps: from the chosen beat where it can be seen, else from the middle of the view
const here = () => state.beat >= 0 && Math.abs(time[state.beat] - state.left - state.span / 2) <= state.span / 2
  ? state.beat : firstAfter(time, state.left + state.span / 2) - .5;
function jump(kind, step) {
  if (kind.at) return jumpTo(kind.at, step);
  for (let i = step > 0 ? Math.floor(here()) + 1 : Math.ceil(here()) - 1; i >= 0 && i < nBeats; i += step)
    if (kind.is(i)) return choose(i);
  say(`No ${step > 0 ? "further" : "earlier"} one.`);
}
// Beats that were not found: from the one in view, else from the middle of it
function jumpTo(list, step) {
  const middle = state.left + state.span / 2, seen = state.missed >= 0 && Math.abs(list[state.missed] - middle) <= state.span / 2;
  const i = seen ? state.missed + step : firstAfter(list, middle) - (step < 0);
  if (!(i in list)) return say(`No ${step > 0 ? "further" : "earlier"} one.`);
  state.missed = i; state.beat = -1; show(list[i]); say("");
  document.getElementById("detail").textContent = `Missed: the reference has a beat (${ref.kinds[ref.missedKind[i]]}) at ${clock(list[i], 3)}; no R peak was found there.`;
  history.replaceState(null, "", `#t=${list[i]}`);
}
const kinds = data.classes.map((name, c) => ({name, colour: data.colours[c], is: i => label[i] === c}));
kinds.push({name: "unsure", colour: "#444", is: i => sure(i) < data.low, key: "u"});
if (ref) kinds.push({name: "differs", colour: MISSED, is: i => differs(i), key: "d"}, {name: "missed", colour: MISSED, at: ref.missed, key: "m"});
const bar = document.getElementById("jumps");
for (const kind of kinds) {
  let count = kind.at ? kind.at.length : 0;
  for (let i = 0; i < nBeats && !kind.at; i++) if (kind.is(i)) count++;
  if (!count) continue;
  const long = kind.name === "-" ? "no label" : kind.name, group = document.createElement("span");
  group.className = "jump"; group.style.borderColor = kind.colour;
  const button = (text, step) => {
    const b = document.createElement("button");
    b.type = "button"; b.textContent = text; b.title = `${step > 0 ? "next" : "previous"}: ${long}`;
    b.setAttribute("aria-label", b.title); b.id = `${step > 0 ? "next" : "previous"}-${long.replace(" ", "-")}`;
    b.addEventListener("click", () => jump(kind, step));
    return b;
  };
  const text = document.createElement("b");
  text.style.color = kind.colour; text.textContent = `${long} `;
  const number = document.createElement("span");
  number.textContent = count.toLocaleString("en"); number.className = "faint";
  group.append(button("◀", -1), text, number, button("▶", 1)); bar.append(group);
}

function say(text) { document.getElementById("said").textContent = text; }
function describe(i) {
  const box = document.getElementById("detail"), add = (tag, text, parent = box) => {
    const e = document.createElement(tag); e.textContent = text; parent.append(e); return e;
  };
  box.textContent = ""; say("");
  const name = data.classes[label[i]];
  add("p", `Beat ${(i + 1).toLocaleString("en")} of ${nBeats.toLocaleString("en")} at ${clock(time[i], 3)}`
    + (rr[i] ? `, RR before it ${rr[i].toFixed(3)} s (${Math.round(60 / rr[i])} beats/min)` : "")
    + (ref ? `, reference: ${refName(i) === "-" ? "no beat here" : refName(i)}` : ""));
  if (label[i] === nClasses) { add("p", `No label: ${data.reasons[reason[i]]}.`); return; }
  const list = add("div", ""); list.className = "chances";
  for (let c = 0; c < nClasses; c++) {
    add("span", data.classes[c], list).style.color = data.colours[c];
    const track = add("span", "", list), fill = add("span", "", track);
    track.className = "track"; fill.style.width = `${100 * probability(i, c)}%`; fill.style.background = data.colours[c];
    add("span", `${(100 * probability(i, c)).toFixed(1)} %`, list);
  }
  add("p", `Label ${name}, probability ${(100 * sure(i)).toFixed(1)} %` + (sure(i) < data.low ? ": an unsure one." : ".")).className = "faint";
}

// Drag to scroll, two fingers to zoom, a tap chooses the nearest beat
const fingers = new Map();
let moved = 0;
canvas.addEventListener("pointerdown", e => { fingers.set(e.pointerId, e.clientX); moved = 0; canvas.setPointerCapture(e.pointerId); });
canvas.addEventListener("pointermove", e => {
  if (!fingers.has(e.pointerId)) return;
  const before = [...fingers.values()], dx = e.clientX - fingers.get(e.pointerId);
  fingers.set(e.pointerId, e.clientX);
  const after = [...fingers.values()];
  moved += Math.abs(dx);
  if (after.length === 1) state.left -= dx / canvas.clientWidth * state.span;
  else zoom(Math.max(Math.abs(before[0] - before[1]), 10) / Math.max(Math.abs(after[0] - after[1]), 10));
  changed();
});
const lifted = e => {
  if (!fingers.delete(e.pointerId) || moved > 6 || e.type !== "pointerup") return;
  const second = state.left + (e.clientX - canvas.getBoundingClientRect().left) / canvas.clientWidth * state.span;
  const after = firstAfter(time, second), nearest = after > 0 && (after === nBeats || second - time[after - 1] < time[after] - second) ? after - 1 : after;
  if (Math.abs(time[nearest] - second) > 1) return;
  state.beat = nearest; describe(nearest); changed(); history.replaceState(null, "", `#beat=${nearest + 1}`);
};
for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, lifted);
canvas.addEventListener("wheel", e => {
  if (e.ctrlKey) zoom(e.deltaY > 0 ? 1.25 : .8);
  else if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) state.left += (e.deltaX || e.deltaY) / canvas.clientWidth * state.span;
  else return; // up and down scrolls the page
  e.preventDefault(); changed();
}, {passive: false});
function zoom(factor) {
  const middle = state.left + state.span / 2;
  state.span = Math.min(Math.max(state.span * factor, 1), Math.max(Math.min(data.seconds, 120), 1));
  state.left = middle - state.span / 2;
  if (state.paper) { paper(false); document.getElementById("paper").setAttribute("aria-pressed", "false"); }
}
document.getElementById("paper").addEventListener("click", e => {
  paper(!state.paper); e.target.setAttribute("aria-pressed", String(state.paper)); changed();
});
document.getElementById("go").addEventListener("submit", e => {
  e.preventDefault();
  const parts = document.getElementById("at").value.trim().split(":").map(Number); // s, m:ss or h:mm:ss
  const second = parts.reduce((sum, part) => 60 * sum + part, 0);
  if (!document.getElementById("at").value.trim() || parts.length > 3 || !(second >= 0)) return say("Write a time, e.g. 12:30.");
  if (second > data.seconds) return say(`The recording ends at ${clock(data.seconds, 0)}.`);
  say(""); show(second); history.replaceState(null, "", `#t=${second}`);
});

// Other leads: nothing of them until they are asked for
const others = leads.slice(1), leadBar = document.getElementById("leads");
function showLeads(wanted) {
  for (const lead of others) { lead.on = wanted(lead); if (lead.on && !lead.signal) decode(lead); }
  leadButtons.forEach(([button, pressed]) => button.setAttribute("aria-pressed", String(pressed())));
  arrange(); changed();
}
const toggleLeads = () => { const none = !others.some(lead => lead.on); showLeads(() => none); };
const leadButtons = others.map(lead => [lead.name, () => lead.on, () => showLeads(other => other === lead ? !lead.on : other.on)]);
if (others.length > 1) leadButtons.unshift(["all", () => others.every(lead => lead.on), () => { const all = others.every(lead => lead.on); showLeads(() => !all); }]);
leadButtons.forEach((one, i) => {
  const button = document.createElement("button");
  button.type = "button"; button.textContent = one[0]; button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", one[2]); leadBar.append(button);
  leadButtons[i] = [button, one[1]];
});

const moves = {
  start: () => { state.left = 0; }, back: () => { state.left -= .8 * state.span; }, on: () => { state.left += .8 * state.span; },
  end: () => { state.left = data.seconds; }, closer: () => zoom(1 / 1.5), further: () => zoom(1.5),
};
for (const [id, move] of Object.entries(moves)) document.getElementById(id).addEventListener("click", () => { move(); changed(); });
document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || /INPUT|TEXTAREA/.test(e.target.tagName)) return;
  const kind = kinds.find(k => (k.key || k.name.toLowerCase()) === e.key.toLowerCase());
  const any = {is: () => true};
  const keys = {l: toggleLeads, ArrowLeft: () => { state.left -= .25 * state.span; changed(); }, ArrowRight: () => { state.left += .25 * state.span; changed(); },
    ",": () => jump(any, -1), ".": () => jump(any, 1), "+": () => { zoom(.8); changed(); }, "-": () => { zoom(1.25); changed(); }};
  if (keys[e.key]) keys[e.key](); else if (kind) jump(kind, e.shiftKey ? -1 : 1); else return;
  e.preventDefault();
});

function readHash() {
  const found = /^#(beat|t)=([\d.]+)$/.exec(location.hash);
  if (!found) return false;
  if (found[1] === "t") show(Number(found[2])); else choose(Number(found[2]) - 1, true);
  return true;
}
state.span = Math.min(Math.max(canvas.clientWidth / 110, 3), data.seconds);
new ResizeObserver(changed).observe(canvas);
window.addEventListener("hashchange", readHash);
