// Heart rate over the whole recording, and the beats of each class over one another.
const rateCanvas = document.getElementById("rate"), rate = rateCanvas.getContext("2d");
const rateTop = (() => {
  const all = [...rr].filter(v => v > 0).map(v => 60 / v).sort((a, b) => a - b);
  const top = all.length ? all[Math.floor(.995 * (all.length - 1))] : 100;
  return [0, Math.min(Math.max(Math.ceil(top * 1.2 / 20) * 20, 100), 300)];
})();
const LEFT = 34;
let rateImage = null;
function drawRate() {
  const [width, height] = fitted(rateCanvas, rate), key = `${width}x${height}`;
  if (!width) return; // not laid out yet
  const x = s => LEFT + s / data.seconds * (width - LEFT - 4), floor = height - 22;
  const y = bpm => floor - (Math.min(bpm, rateTop[1]) - rateTop[0]) / (rateTop[1] - rateTop[0]) * (floor - 8);
  if (!rateImage || rateImage.key !== key) { // a day's beats are drawn once, not at each move of the strip
    rateImage = document.createElement("canvas"); rateImage.key = key;
    rateImage.width = rateCanvas.width; rateImage.height = rateCanvas.height;
    const pen = rateImage.getContext("2d"), ratio = rateCanvas.width / width;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = "#e4e4e4";
    for (const [a, b] of data.bad) pen.fillRect(x(a), 8, Math.max(x(b) - x(a), 1), floor - 8);
    pen.fillStyle = "rgba(170,95,160,.18)";
    for (const [a, b] of data.atrial) pen.fillRect(x(a), 8, Math.max(x(b) - x(a), 1), floor - 8);
    pen.strokeStyle = "#e3e3e3"; pen.fillStyle = FAINT; pen.textAlign = "right";
    for (let bpm = 0; bpm <= rateTop[1]; bpm += rateTop[1] > 160 ? 60 : 40) {
      pen.beginPath(); pen.moveTo(LEFT, y(bpm)); pen.lineTo(width - 4, y(bpm)); pen.stroke(); pen.fillText(bpm, LEFT - 5, y(bpm) + 4);
    }
    pen.textAlign = "center";
    const step = niceStep(data.seconds, Math.max(width / 90, 2));
    for (let s = 0; s <= data.seconds; s += step) { const text = clock(s, 0), half = pen.measureText(text).width / 2; if (x(s) + half < width) pen.fillText(text, Math.max(x(s), half), floor + 15); }
    const order = [...Array(nClasses + 1).keys()].sort((a, b) => (a === 0 ? -1 : b === 0 ? 1 : a - b));
    for (const c of order) {
      const size = c === 0 ? 1.5 : 3;
      pen.fillStyle = data.colours[c]; pen.globalAlpha = c === 0 && nBeats > 5000 ? .35 : .85;
      for (let i = 0; i < nBeats; i++) if (label[i] === c && rr[i] > 0) pen.fillRect(x(time[i]) - size / 2, y(60 / rr[i]) - size / 2, size, size);
    }
  }
  rate.save(); rate.setTransform(1, 0, 0, 1, 0, 0); rate.drawImage(rateImage, 0, 0); rate.restore();
  const a = x(state.left), b = Math.max(x(state.left + state.span), a + 2);
  rate.fillStyle = "rgba(34,34,34,.12)"; rate.fillRect(a, 8, b - a, floor - 8);
  rate.strokeStyle = INK; rate.lineWidth = 1; rate.strokeRect(a, 8, b - a, floor - 8);
}
const ratePlace = e => (e.clientX - rateCanvas.getBoundingClientRect().left - LEFT) / (rateCanvas.clientWidth - LEFT - 4) * data.seconds;
rateCanvas.addEventListener("pointerdown", e => { rateCanvas.setPointerCapture(e.pointerId); show(ratePlace(e)); });
rateCanvas.addEventListener("pointermove", e => { if (rateCanvas.hasPointerCapture(e.pointerId)) show(ratePlace(e)); });

// Overlays: -0.3 to 0.6 s around the R peak, each beat's own median at zero
const BEFORE = .3, AFTER = .6, FEW = 60, points = Math.round((BEFORE + AFTER) * data.fs);
function shape(i) {
  const s = stretchAt(time[i]);
  if (!s) return null;
  const place = (time[i] - BEFORE) * data.fs - s.first, whole = Math.floor(place), part = place - whole;
  if (whole < 0 || whole + points + 1 >= s.values.length) return null;
  const out = new Float32Array(points);
  for (let k = 0; k < points; k++) out[k] = ((1 - part) * s.values[whole + k] + part * s.values[whole + k + 1]) * data.step;
  const middle = Float32Array.from(out).sort()[points >> 1];
  return out.map(v => v - middle);
}
function overlay(c, box) {
  const members = [];
  for (let i = 0; i < nBeats; i++) if (label[i] === c) members.push(i);
  if (!members.length) return;
  const mean = new Float64Array(points), every = Math.max(Math.floor(members.length / FEW), 1), few = [];
  let used = 0;
  for (let k = 0; k < members.length; k += Math.max(Math.floor(members.length / 5000), 1)) {
    const values = shape(members[k]);
    if (!values) continue;
    used++;
    for (let j = 0; j < points; j++) mean[j] += values[j];
    if (k % every === 0 && few.length < FEW) few.push(values);
  }
  const figure = document.createElement("figure"), target = document.createElement("canvas"), words = document.createElement("figcaption");
  words.textContent = `${data.classes[c]}: ${members.length.toLocaleString("en")} beats`
    + (used < members.length ? `, mean of ${used.toLocaleString("en")}` : "") + (few.length < members.length ? `, ${few.length} drawn` : "");
  figure.append(target, words); box.append(figure);
  figure.redraw = () => {
    const pen = target.getContext("2d"), [width, height] = fitted(target, pen), floor = height - 18;
    const x = k => k / (points - 1) * width, tall = overlayRange[1] - overlayRange[0], y = mv => floor - (mv - overlayRange[0]) / tall * floor;
    pen.strokeStyle = "#f0dcd8"; pen.lineWidth = 1; pen.font = "11px system-ui, sans-serif"; pen.fillStyle = FAINT; pen.textAlign = "center";
    for (let t = -.2; t < AFTER; t += .2) { const px = x((t + BEFORE) * data.fs); pen.beginPath(); pen.moveTo(px, 0); pen.lineTo(px, floor); pen.stroke(); pen.fillText(Math.abs(t) < .01 ? "R" : `${t.toFixed(1)} s`, px, floor + 13); }
    for (let mv = Math.ceil(overlayRange[0]); mv <= overlayRange[1]; mv++) { pen.beginPath(); pen.moveTo(0, y(mv)); pen.lineTo(width, y(mv)); pen.stroke(); }
    const path = values => { pen.beginPath(); for (let k = 0; k < points; k++) if (k) pen.lineTo(x(k), y(values[k])); else pen.moveTo(x(k), y(values[k])); pen.stroke(); };
    pen.strokeStyle = data.colours[c]; pen.globalAlpha = .18; few.forEach(path); pen.globalAlpha = 1;
    if (used) { pen.strokeStyle = "#fff"; pen.lineWidth = 5; const m = mean.map(v => v / used); path(m); pen.strokeStyle = data.colours[c]; pen.lineWidth = 2.5; path(m); }
    pen.textAlign = "left";
    for (let mv = Math.ceil(overlayRange[0]); mv <= overlayRange[1]; mv++) if (y(mv) > 16) haloed(pen, `${mv} mV`, 2, y(mv) - 3);
  };
}
const overlayRange = (() => { const middle = (data.range[0] + data.range[1]) / 2, half = (data.range[1] - data.range[0]) * .75; return [Math.min(middle - half, -.5), Math.max(middle + half, .5)]; })();
const overlays = document.getElementById("overlays");
for (let c = 0; c < nClasses; c++) overlay(c, overlays);
const redrawOverlays = () => [...overlays.children].forEach(figure => figure.redraw());
new ResizeObserver(redrawOverlays).observe(overlays);
redrawOverlays();

if (!readHash()) {
  let rare = -1; // what a reader most likely came for: the first beat that is not of the commonest class
  const counts = new Array(nClasses + 1).fill(0);
  label.forEach(c => counts[c]++);
  const usual = counts.indexOf(Math.max(...counts));
  rare = label.findIndex((c, i) => c !== usual && c !== nClasses && stretchAt(time[i]));
  if (rare >= 0) choose(rare, true); else choose(0, true);
}
document.body.dataset.ready = "yes";
