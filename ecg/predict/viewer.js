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

// Signal: stretches of Int16 steps, each with its first place on the time axis
const stretches = (() => {
  const raw = bytes(data.strip);
  let at = 0;
  return data.stretches.map(([first, count]) => {
    const values = new Int16Array(count);
    for (let i = 0, last = 0; i < count; i++) {
      const step = (raw[at] << 24) >> 24;
      if (step === -128) { last = ((raw[at + 1] | (raw[at + 2] << 8)) << 16) >> 16; at += 3; } else { last += step; at++; }
      values[i] = last;
    }
    return {first, values};
  });
})();
const stretchAt = second => {
  const place = second * data.fs;
  let low = 0, high = stretches.length;
  while (low < high) { const mid = (low + high) >> 1; if (stretches[mid].first <= place) low = mid + 1; else high = mid; }
  const found = stretches[low - 1];
  return found && place < found.first + found.values.length ? found : null;
};

// View
const canvas = document.getElementById("strip"), pen = canvas.getContext("2d");
const state = {left: 0, span: 8, beat: -1};
const INK = "#222", FAINT = "#6b6b6b", HEAD = 34, FOOT = 22;
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

const reachMv = () => {
  const pad = Math.max(.15 * (data.range[1] - data.range[0]), .05);
  return [data.range[0] - pad, data.range[1] + pad];
};
// On paper a second is 25 mm wide and a millivolt 10 mm high; a CSS millimetre is 96 / 25.4 pixels
const MM = 96 / 25.4;
function paper(on) {
  state.paper = on;
  const [low, high] = reachMv();
  canvas.style.height = on ? `${Math.round((high - low) * 10 * MM + HEAD + FOOT)}px` : "";
  if (on) state.span = Math.min(canvas.clientWidth / (25 * MM), data.seconds);
}

function draw() {
  const [width, height] = fitted(canvas, pen), right = state.left + state.span;
  const x = s => (s - state.left) / state.span * width, floor = height - FOOT;
  const [low, high] = reachMv();
  const y = mv => floor - (mv - low) / (high - low) * (floor - HEAD);
  grid(width, x, y, low, high, floor);
  shade(x, floor, width);
  const from = Math.max(firstAfter(time, state.left) - 1, 0), to = Math.min(firstAfter(time, right) + 1, nBeats);
  if (state.beat >= 0) {
    const [a, b] = reach(state.beat);
    pen.fillStyle = "rgba(86,180,233,.18)"; pen.fillRect(x(a), HEAD, x(b) - x(a), floor - HEAD);
  }
  trace(state.left, right, x, y, INK, 1);
  for (let i = from; i < to; i++) {
    const [a, b] = reach(i);
    trace(Math.max(a, state.left), Math.min(b, right), x, y, data.colours[label[i]], label[i] === 0 ? 1.3 : 2);
  }
  heads(from, to, x, floor, width);
  pen.textAlign = "left"; pen.fillStyle = FAINT; pen.font = "12px system-ui, sans-serif";
  pen.fillText(`lead ${data.lead}`, 4, floor - 6);
}

function grid(width, x, y, low, high, floor) {
  const step = niceStep(state.span, Math.max(width / 80, 2)), fine = state.paper ? .04 : state.span <= 12 ? .2 : step;
  pen.lineWidth = 1;
  const line = (colour, x1, y1, x2, y2) => { pen.strokeStyle = colour; pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke(); };
  for (let i = Math.ceil(state.left / fine); i * fine <= state.left + state.span; i++) line("#f5e3e0", x(i * fine), HEAD, x(i * fine), floor);
  const tall = state.paper ? .1 : (high - low) / .5 > 12 ? 2 : .5;
  for (let i = Math.ceil(low / tall); i * tall <= high; i++) line("#f5e3e0", 0, y(i * tall), width, y(i * tall));
  if (state.paper) {
    for (let i = Math.ceil(low / .5); i * .5 <= high; i++) line("#e9c9c4", 0, y(i * .5), width, y(i * .5));
    for (let i = Math.ceil(state.left / .2); i * .2 <= state.left + state.span; i++) line("#e9c9c4", x(i * .2), HEAD, x(i * .2), floor);
  }
  pen.font = "12px system-ui, sans-serif"; pen.fillStyle = FAINT;
  for (let i = Math.ceil(state.left / step); i * step <= state.left + state.span; i++) {
    line("#e9c9c4", x(i * step), HEAD, x(i * step), floor);
    const text = clock(i * step, step < 1 ? 1 : 0), half = pen.measureText(text).width / 2;
    if (x(i * step) < half || x(i * step) > width - half) continue;
    pen.textAlign = "center"; pen.fillText(text, x(i * step), floor + 15);
  }
  const mv = [.1, .2, .5, 1, 2, 5, 10, 20, 50].find(s => (high - low) / s <= 7) || 100;
  pen.textAlign = "right";
  for (let i = Math.ceil(low / mv); i * mv <= high; i++) {
    line(FAINT, width - 5, y(i * mv), width, y(i * mv));
    if (y(i * mv) > HEAD + 8 && y(i * mv) < floor - 6) pen.fillText(`${+(i * mv).toFixed(1)} mV`, width - 8, y(i * mv) + 4);
  }
}

function shade(x, floor, width) {
  pen.font = "12px system-ui, sans-serif"; pen.textAlign = "center";
  const box = (a, b, fill, text) => {
    const left = Math.max(x(a), 0), right = Math.min(x(b), width);
    if (right <= left) return;
    pen.fillStyle = fill; pen.fillRect(left, HEAD, right - left, floor - HEAD);
    if (right - left > pen.measureText(text).width + 8) { pen.fillStyle = FAINT; pen.fillText(text, (left + right) / 2, (HEAD + floor) / 2); }
  };
  let end = 0;
  const last = {first: Math.ceil(data.seconds * data.fs), values: []};
  for (const s of [...stretches, last]) {
    if (s.first > end + 1) box(end / data.fs, s.first / data.fs, "#ececec", "not in this page");
    end = s.first + s.values.length;
  }
  for (const [a, b] of data.atrial) {
    const left = Math.max(x(a), 0), right = Math.min(x(b), width);
    if (right <= left) continue;
    pen.fillStyle = "rgba(170,95,160,.10)"; pen.fillRect(left, HEAD, right - left, floor - HEAD);
    pen.fillStyle = "#8a3f80"; pen.textAlign = "left"; pen.fillText("atrial fibrillation or flutter", left + 6, floor - 22); pen.textAlign = "center";
  }
  for (const [a, b, why] of data.bad) box(a, b, "#e4e4e4", why === "invalid samples" ? "no signal" : why);
}

// A beat's part of the strip: a third of the interval before its R peak, two thirds of the one after
function reach(i) {
  const before = i > 0 ? time[i] - time[i - 1] : .8, after = i + 1 < nBeats ? time[i + 1] - time[i] : .8;
  return [time[i] - Math.min(.35 * before, .5), time[i] + Math.min(.65 * after, .9)];
}

function trace(a, b, x, y, colour, width) {
  pen.strokeStyle = colour; pen.lineWidth = width; pen.lineJoin = "round"; pen.beginPath();
  const coarse = state.span * data.fs > 4 * canvas.clientWidth;
  for (const s of stretches) {
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
    if (ref && size === 9) { pen.fillStyle = differs(i) ? "#b00020" : FAINT; pen.fillText(refName(i) === "-" ? "·" : refName(i), px, 31); }
  }
  if (!ref) return;
  pen.fillStyle = "#b00020";
  for (let i = firstAfter(ref.missed, state.left); i < ref.missed.length && ref.missed[i] <= state.left + state.span; i++)
    pen.fillText(`${ref.kinds[ref.missedKind[i]]}?`, x(ref.missed[i]), 31);
}
