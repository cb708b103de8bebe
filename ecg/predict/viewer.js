// The strip: scrolls, colours beats, jumps between them. `data` is defined before this script.
"use strict";
const bytes = code => Uint8Array.from(atob(code), c => c.charCodeAt(0));
const wide = (code, size) => {
  const raw = bytes(code), view = new DataView(raw.buffer), out = new Float64Array(raw.length / size);
  for (let i = 0; i < out.length; i++) out[i] = size === 4 ? view.getUint32(4 * i, true) : view.getUint16(2 * i, true);
  return out;
};
const clock = (s, digits = 1) => {
  const part = Math.round(s * 10 ** digits), whole = Math.floor(part / 10 ** digits);
  const two = n => String(n).padStart(2, "0");
  const head = whole >= 3600 ? `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}` : `${Math.floor(whole / 60)}`;
  return `${head}:${two(whole % 60)}` + (digits ? "." + String(part % 10 ** digits).padStart(digits, "0") : "");
};

// Beats
const time = wide(data.beats.time, 4).map(t => t / 1e4), rr = wide(data.beats.rr, 2).map(t => t / 1e3);
const label = bytes(data.beats.label), reason = bytes(data.beats.reason), chance = wide(data.beats.probability, 2);
const nClasses = data.classes.length - 1, nBeats = time.length;
const probability = (i, c) => chance[i * nClasses + c] / 65535;
const sure = i => label[i] === nClasses ? 1 : probability(i, label[i]);
const ref = data.reference ? {kinds: data.reference.kinds, of: bytes(data.reference.of),
  missed: wide(data.reference.missed, 4).map(t => t / 1e4), missedKind: bytes(data.reference.missedKind)} : null;
const refName = i => ref ? ref.kinds[ref.of[i]] : "-";
const differs = i => ref && label[i] !== nClasses && refName(i) !== data.classes[label[i]];
const firstAfter = (list, value) => {
  let low = 0, high = list.length;
  while (low < high) { const mid = (low + high) >> 1; if (list[mid] < value) low = mid + 1; else high = mid; }
  return low;
};

// Signal: of each lead stretches of Int16 steps, each with its first place on the time axis
function decode(lead) {
  const raw = bytes(lead.strip);
  let at = 0;
  lead.signal = lead.stretches.map(([first, count]) => {
    const values = new Int16Array(count);
    for (let i = 0, last = 0; i < count; i++) {
      const step = (raw[at] << 24) >> 24;
      if (step === -128) { last = ((raw[at + 1] | (raw[at + 2] << 8)) << 16) >> 16; at += 3; } else { last += step; at++; }
      values[i] = last;
    }
    return {first, values};
  });
}
const main = {name: data.lead, range: data.range, stretches: data.stretches, strip: data.strip, bad: data.bad, on: true};
const leads = [main, ...data.leads]; // the others are decoded when they are asked for
decode(main);
const stretchAt = second => {
  const place = second * data.fs;
  let low = 0, high = main.signal.length;
  while (low < high) { const mid = (low + high) >> 1; if (main.signal[mid].first <= place) low = mid + 1; else high = mid; }
  const found = main.signal[low - 1];
  return found && place < found.first + found.values.length ? found : null;
};

// View
const canvas = document.getElementById("strip"), pen = canvas.getContext("2d");
const state = {left: 0, span: 8, beat: -1};
const INK = "#222", FAINT = "#6b6b6b", HEAD = 34, FOOT = 22, MISSED = "#b00020";
const fitted = (target, context) => {
  const ratio = window.devicePixelRatio || 1, width = target.clientWidth, height = target.clientHeight;
  if (target.width !== Math.round(width * ratio) || target.height !== Math.round(height * ratio)) {
    target.width = Math.round(width * ratio); target.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return [width, height];
};
const limits = () => { state.left = Math.max(0, Math.min(state.left, Math.max(data.seconds - state.span, 0))); };
const niceStep = (span, most) => [.2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400]
  .find(step => span / step <= most) || 28800;

// On paper a second is 25 mm wide and a millivolt 10 mm high; a CSS millimetre is 96 / 25.4 pixels
const MM = 96 / 25.4, LOWEST_LANE = 44;
const reachMv = ({range: [low, high]}) => {
  const pad = Math.max(.15 * (high - low), .05);
  return [low - pad, high + pad];
};
// Where each lead that is shown lies, one below the other; all have the scale of `state.scale` pixels a mV
function lanes(height) {
  const on = leads.filter(lead => lead.on), [lowest, highest] = reachMv(main);
  const scale = state.scale || (height - HEAD - FOOT) / (highest - lowest);
  let top = HEAD;
  return on.map(lead => {
    let [low, high] = reachMv(lead);
    const more = Math.max(LOWEST_LANE / scale - (high - low), 0) / 2;
    low -= more; high += more;
    const floor = top + (high - low) * scale, lane = {lead, low, high, top, floor, scale, y: mv => floor - (mv - low) * scale};
    top = floor;
    return lane;
  });
}
function arrange() {
  const on = leads.filter(lead => lead.on), tallest = Math.max(90, 240 - 20 * on.length);
  state.scale = state.paper ? 10 * MM : on.length > 1 ? tallest / Math.max(...on.map(lead => reachMv(lead)[1] - reachMv(lead)[0])) : 0;
  canvas.style.height = state.scale ? `${Math.round(lanes(0).at(-1).floor + FOOT)}px` : "";
}
function paper(on) {
  state.paper = on;
  if (on) state.span = Math.min(canvas.clientWidth / (25 * MM), data.seconds);
  arrange();
}

function draw() {
  const [width, height] = fitted(canvas, pen), right = state.left + state.span, shown = lanes(height), floor = shown.at(-1).floor;
  const x = s => (s - state.left) / state.span * width;
  grid(width, x, shown, floor);
  shade(x, shown, floor, width);
  const from = Math.max(firstAfter(time, state.left) - 1, 0), to = Math.min(firstAfter(time, right) + 1, nBeats);
  if (state.beat >= 0) {
    const [a, b] = reach(state.beat);
    pen.fillStyle = "rgba(86,180,233,.18)"; pen.fillRect(x(a), HEAD, x(b) - x(a), floor - HEAD);
  }
  for (const {lead, top, floor, y} of shown) {
    pen.save(); pen.beginPath(); pen.rect(0, top, width, floor - top); pen.clip();
    trace(lead, state.left, right, x, y, INK, 1);
    for (let i = from; i < to; i++) {
      const [a, b] = reach(i);
      trace(lead, Math.max(a, state.left), Math.min(b, right), x, y, data.colours[label[i]], label[i] === 0 ? 1.3 : 2);
    }
    pen.restore();
    pen.textAlign = "left";
    haloed(pen, `lead ${lead.name}`, 4, floor - 6);
  }
  scales(width, shown);
  heads(from, to, x, floor, width);
}

// Words over a trace
function haloed(on, text, x, y) {
  on.font = "12px system-ui, sans-serif"; on.strokeStyle = "#fff"; on.lineWidth = 3; on.lineJoin = "round"; on.fillStyle = FAINT;
  on.strokeText(text, x, y); on.fillText(text, x, y);
}

// Millivolts at the right of each lead
function scales(width, shown) {
  const {scale} = shown[0], mv = [.1, .2, .5, 1, 2, 5, 10, 20, 50].find(s => s * scale >= 30) || 100;
  pen.textAlign = "right";
  for (const {low, high, top, floor, y} of shown) {
    for (let i = Math.ceil(low / mv); i * mv <= high; i++) {
      pen.fillStyle = FAINT; pen.fillRect(width - 5, y(i * mv), 5, 1);
      if (y(i * mv) > top + 8 && y(i * mv) < floor - 6) haloed(pen, `${+(i * mv).toFixed(1)} mV`, width - 8, y(i * mv) + 4);
    }
  }
}

function grid(width, x, shown, bottom) {
  const step = niceStep(state.span, Math.max(width / 80, 2)), fine = state.paper ? .04 : state.span <= 12 ? .2 : step;
  const line = (colour, x1, y1, x2, y2) => { pen.strokeStyle = colour; pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke(); };
  const upright = (colour, every) => { for (let i = Math.ceil(state.left / every); i * every <= state.left + state.span; i++) line(colour, x(i * every), HEAD, x(i * every), bottom); };
  const across = (colour, every, {low, high, y}) => { for (let i = Math.ceil(low / every); i * every <= high; i++) line(colour, 0, y(i * every), width, y(i * every)); };
  const {scale} = shown[0], tall = state.paper ? .1 : .5 * scale < 12 ? 2 : .5;
  pen.lineWidth = 1;
  upright("#f5e3e0", fine);
  for (const lane of shown) across("#f5e3e0", tall, lane);
  if (state.paper) {
    for (const lane of shown) across("#e9c9c4", .5, lane);
    upright("#e9c9c4", .2);
  }
  upright("#e9c9c4", step);
  pen.font = "12px system-ui, sans-serif"; pen.fillStyle = FAINT; pen.textAlign = "center";
  for (let i = Math.ceil(state.left / step); i * step <= state.left + state.span; i++) {
    const text = clock(i * step, step < 1 ? 1 : 0), half = pen.measureText(text).width / 2;
    if (x(i * step) >= half && x(i * step) <= width - half) pen.fillText(text, x(i * step), bottom + 15);
  }
  for (const {top} of shown) if (top > HEAD) line("#b8b8b8", 0, top, width, top);
}

function shade(x, shown, bottom, width) {
  pen.font = "12px system-ui, sans-serif";
  const box = (a, b, top, floor, fill) => {
    const left = Math.max(x(a), 0), right = Math.min(x(b), width);
    pen.fillStyle = fill;
    if (right > left) pen.fillRect(left, top, right - left, floor - top);
    return [left, right];
  };
  for (const [a, b] of data.atrial) {
    const [left, right] = box(a, b, HEAD, bottom, "rgba(170,95,160,.10)");
    pen.fillStyle = "#8a3f80"; pen.textAlign = "left";
    if (right > left) pen.fillText("atrial fibrillation or flutter", left + 6, shown[0].floor - 22);
  }
  const named = (a, b, {top, floor}, fill, text) => {
    const [left, right] = box(a, b, top, floor, fill);
    pen.fillStyle = FAINT; pen.textAlign = "center";
    if (right - left > pen.measureText(text).width + 8) pen.fillText(text, (left + right) / 2, (top + floor) / 2);
  };
  const last = {first: Math.ceil(data.seconds * data.fs), values: []};
  for (const lane of shown) {
    let end = 0;
    for (const s of [...lane.lead.signal, last]) {
      if (s.first > end + 1) named(end / data.fs, s.first / data.fs, lane, "#ececec", "not in this page");
      end = s.first + s.values.length;
    }
    for (const [a, b, why] of lane.lead.bad) named(a, b, lane, "#e4e4e4", why === "invalid samples" ? "no signal" : why);
  }
}

// A beat's part of the strip: a third of the interval before its R peak, two thirds of the one after
function reach(i) {
  const before = i > 0 ? time[i] - time[i - 1] : .8, after = i + 1 < nBeats ? time[i + 1] - time[i] : .8;
  return [time[i] - Math.min(.35 * before, .5), time[i] + Math.min(.65 * after, .9)];
}

function trace(lead, a, b, x, y, colour, width) {
  pen.strokeStyle = colour; pen.lineWidth = width; pen.lineJoin = "round"; pen.beginPath();
  const coarse = state.span * data.fs > 4 * canvas.clientWidth;
  for (const s of lead.signal) {
    const from = Math.max(Math.floor(a * data.fs) - s.first, 0), to = Math.min(Math.ceil(b * data.fs) - s.first + 1, s.values.length);
    if (to <= from) continue;
    if (!coarse) {
      for (let i = from; i < to; i++) {
        const px = x((s.first + i) / data.fs), py = y(s.values[i] * data.step);
        if (i === from) pen.moveTo(px, py); else pen.lineTo(px, py);
      }
      continue;
    }
    const bin = Math.max(Math.round(state.span * data.fs / canvas.clientWidth), 1);
    for (let i = from, first = true; i < to; i += bin) {
      let low = Infinity, high = -Infinity;
      for (let k = i; k < Math.min(i + bin, to); k++) { low = Math.min(low, s.values[k]); high = Math.max(high, s.values[k]); }
      const px = x((s.first + i) / data.fs);
      if (first) pen.moveTo(px, y(low * data.step)); else pen.lineTo(px, y(low * data.step));
      pen.lineTo(px, y(high * data.step)); first = false;
    }
  }
  pen.stroke();
}

// Letters above the beats: full where the label is sure, outlined below the threshold; the reference in a second row
function heads(from, to, x, floor, width) {
  const room = width / Math.max(to - from, 1), size = room > 18 ? 9 : room > 10 ? 6 : 0;
  pen.textAlign = "center"; pen.font = "bold 11px system-ui, sans-serif";
  for (let i = from; i < to; i++) {
    const px = x(time[i]), colour = data.colours[label[i]];
    if (!size) { pen.fillStyle = colour; pen.fillRect(px - 1, 2, 2, label[i] === 0 ? 6 : 14); continue; }
    pen.beginPath(); pen.arc(px, 10, size, 0, 7);
    if (sure(i) >= data.low) { pen.fillStyle = colour; pen.fill(); pen.fillStyle = "#fff"; }
    else { pen.strokeStyle = colour; pen.lineWidth = 1.5; pen.stroke(); pen.fillStyle = colour; }
    if (size === 9) pen.fillText(data.classes[label[i]].slice(0, 2), px, 14);
    if (ref && size === 9) { pen.fillStyle = differs(i) ? MISSED : FAINT; pen.fillText(refName(i) === "-" ? "×" : refName(i), px, 31); }
  }
  if (!ref) return;
  pen.fillStyle = pen.strokeStyle = MISSED; pen.lineWidth = 1; pen.setLineDash([3, 3]);
  for (let i = firstAfter(ref.missed, state.left); i < ref.missed.length && ref.missed[i] <= state.left + state.span; i++) {
    const px = x(ref.missed[i]);
    if (size) pen.fillText(`${ref.kinds[ref.missedKind[i]]}?`, px, 31); else pen.fillRect(px - 1, 18, 2, 12);
    pen.beginPath(); pen.moveTo(px, HEAD); pen.lineTo(px, floor); pen.stroke();
  }
  pen.setLineDash([]);
}
