"use strict";
(() => {
  const source = document.getElementById("map-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  const cross = document.createElement("div");
  cross.className = "cross";
  cross.hidden = true;
  document.body.append(tip, cross);

  const escaped = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace("k_B", "k<sub>B</sub>");
  const number = (x, digits) => {
    if (x === null || x === undefined) return "–";
    const size = Math.abs(x);
    let text = size !== 0 && (size < 1e-3 || size >= 1e5) ? x.toExponential(2) : String(Number(x.toPrecision(digits)));
    text = text.replace(/e([+-])(\d+)$/, (_, sign, power) => "×10<sup>" + (sign === "-" ? "−" : "") + power + "</sup>");
    return text.replace(/^-/, "−");
  };
  // two digits of the error, and as many decimals of the value
  const withError = (x, e) => {
    if (x === null || e === null || !(e > 0) || Math.abs(x) < 1e-3) return number(x, 4) + " ± " + number(e, 2);
    const decimals = Math.min(5, Math.max(0, 1 - Math.floor(Math.log10(e))));
    return x.toFixed(decimals).replace(/^-/, "−") + " ± " + e.toFixed(decimals);
  };
  const nearest = (values, v) => {
    let best = 0;
    for (let i = 1; i < values.length; i++) if (Math.abs(values[i] - v) < Math.abs(values[best] - v)) best = i;
    return best;
  };
  const hide = () => { tip.hidden = true; cross.hidden = true; };

  for (const figure of data.figures) {
    const svg = document.getElementById(figure.name)?.querySelector("svg");
    if (!svg) continue;
    const plane = data.planes[figure.plane];
    const places = plane.pressure ? plane.x.map(Math.log10) : plane.x;
    const [left, top, right, bottom] = figure.area;
    const show = (event) => {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const [px, py] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
      if (px < left || px > right || py < top || py > bottom) return hide();
      const place = figure.x[0] + ((px - left) / (right - left)) * (figure.x[1] - figure.x[0]);
      const t = figure.y[1] - ((py - top) / (bottom - top)) * (figure.y[1] - figure.y[0]);
      const [row, column] = [nearest(plane.t, t), nearest(places, place)];
      const cell = row * plane.x.length + column;
      const lines = [["T", number(plane.t[row], 5) + " " + escaped(data.units.temperature)]];
      data.species.forEach((species, s) => {
        const name = " of " + escaped(species.name);
        const mu = plane.mu[s] ? plane.mu[s][cell] : plane.x[column];
        const p = plane.p[s] ? plane.p[s][cell] : plane.x[column];
        lines.push([escaped(species.symbol) + name, number(mu, 5) + " " + escaped(data.units.energy)]);
        lines.push([escaped(species.pressure) + name, number(p, 4) + " " + escaped(data.units.pressure)]);
      });
      const known = plane.n[0] && plane.n[0][cell] !== null;
      data.species.forEach((species, s) => {
        const value = withError(plane.n[s][cell], plane.err[s][cell]);
        if (known) lines.push(["⟨N⟩ of " + escaped(species.name), value]);
      });
      const phase = plane.phase[cell];
      if (known) lines.push(["phase", phase === null ? "–" : escaped(data.phases[phase])]);
      else lines.push(["masked", "too few effective samples, or N at its upper limit"]);
      tip.innerHTML = "<dl>" + lines.map(([k, v]) => "<dt>" + k + "</dt><dd>" + v + "</dd>").join("") + "</dl>";
      tip.hidden = false;
      cross.hidden = false;
      // the cell itself
      const cx = box.left + (left + ((places[column] - figure.x[0]) / (figure.x[1] - figure.x[0])) * (right - left)) / scale;
      const cy = box.top + (top + ((figure.y[1] - plane.t[row]) / (figure.y[1] - figure.y[0])) * (bottom - top)) / scale;
      cross.style.left = cx + window.scrollX + "px";
      cross.style.top = cy + window.scrollY + "px";
      const away = event.clientX > window.innerWidth - tip.offsetWidth - 24 ? -tip.offsetWidth - 14 : 14;
      // On a narrow page there is room on neither side.
      const most = document.documentElement.clientWidth - tip.offsetWidth - 4;
      tip.style.left = Math.max(4, Math.min(event.clientX + away, most)) + window.scrollX + "px";
      tip.style.top = Math.max(4, event.clientY - tip.offsetHeight - 10) + window.scrollY + "px";
    };
    svg.classList.add("answers");
    svg.addEventListener("pointermove", show);
    svg.addEventListener("pointerdown", show);
    // A finger leaves when it is lifted; what it asked for stays until the next touch.
    svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
  }
  document.addEventListener("pointerdown", (event) => { if (!event.target.closest("svg.answers")) hide(); });
})();
