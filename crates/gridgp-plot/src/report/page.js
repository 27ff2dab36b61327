"use strict";
(() => {
  const make = (tag, name, parent) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (parent) parent.append(node);
    return node;
  };
  const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const FONT = "12px system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif";
  const pictures = [];

  // Light and dark: what the system says, until the reader chooses.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = document.getElementById("theme");
  const isDark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : dark.matches;
  };
  const showTheme = () => {
    theme.textContent = isDark() ? "Light page" : "Dark page";
    theme.setAttribute("aria-pressed", String(isDark()));
    pictures.forEach((draw) => draw());
  };
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  dark.addEventListener("change", showTheme);

  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", async () => {
      const text = button.closest(".code").querySelector("code").textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        // Without the right to copy, the text is marked for the reader to do so.
        getSelection().selectAllChildren(button.closest(".code").querySelector("code"));
        button.textContent = "Marked";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  // Colors: 257 steps between the corners of a map, as in the figures.
  const corners = JSON.parse(document.getElementById("colors").textContent);
  const ramps = {};
  for (const [name, stops] of Object.entries(corners)) {
    const rgb = stops.map((s) => [1, 3, 5].map((i) => parseInt(s.slice(i, i + 2), 16)));
    ramps[name] = Array.from({ length: 257 }, (_, k) => {
      const place = (k / 256) * (rgb.length - 1);
      const i = Math.min(Math.floor(place), rgb.length - 2);
      const mix = rgb[i].map((a, c) => Math.round(a + (place - i) * (rgb[i + 1][c] - a)));
      return `rgb(${mix.join(" ")})`;
    });
  }

  // Sixteen bits a value, the lower byte first; the largest number is a missing value.
  const decode = (layer) => {
    const bytes = atob(layer.values);
    const out = new Float64Array(bytes.length / 2);
    const [low, high] = layer.from || [0, 0];
    for (let i = 0; i < out.length; i++) {
      const code = bytes.charCodeAt(2 * i) | (bytes.charCodeAt(2 * i + 1) << 8);
      out[i] = code === 65535 ? NaN : low + (code / 65534) * (high - low);
    }
    return out;
  };

  const show = (layer, value) => {
    if (!Number.isFinite(value)) return "missing";
    const text = layer.digits === null ? value.toPrecision(4) : value.toFixed(layer.digits);
    return (Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−")) +
      (layer.unit ? (layer.unit.startsWith("°") ? " " : " ") + layer.unit : "");
  };
  const place = (side, i) => `${side.name} ${side.at[i]}${side.unit ? " " + side.unit : ""}`;

  // A canvas as sharp as the screen, with the height that is asked for.
  const sized = (canvas, width, height) => {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    const g = canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    g.font = FONT;
    return g;
  };

  // The densest marks whose numbers do not touch.
  const fitting = (g, lists, room, across) => {
    for (const list of lists) {
      const need = across
        ? list.reduce((sum, t) => sum + g.measureText(t[1]).width + 12, 0)
        : list.length * 22;
      if (need <= room) return list;
    }
    const last = lists[lists.length - 1];
    return last.length > 2 ? [last[0], last[last.length - 1]] : last;
  };

  // Numbers below, from `left` to `left + width`.
  const drawBelow = (g, ticks, at, left, width, y, ink) => {
    g.textAlign = "center";
    g.textBaseline = "top";
    for (const [value, label] of ticks) {
      const x = at(value);
      g.fillRect(x - 0.5, y, 1, 4);
      const half = g.measureText(label).width / 2;
      g.fillText(label, clamp(x, left + half - 20, left + width - half + 14), y + 6);
    }
    return ink;
  };

  class Explorer {
    constructor(figure) {
      this.figure = figure;
      const d = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
      this.d = d;
      this.cells = d.surface === "cells";
      this.columns = this.cells ? d.x.edges.length - 1 : d.points.x.length;
      this.rows = this.cells ? d.y.edges.length - 1 : 1;
      this.plane = this.columns * this.rows;
      this.values = d.layers.map(decode);
      this.step = d.steps.map(() => 0);
      this.at = [Math.floor(this.columns / 2), Math.floor(this.rows / 2)];
      this.readout = figure.querySelector(".readout");
      this.controls(figure.querySelector(".controls"));
      this.panels = d.layers.map((layer, i) => this.panel(figure.querySelector(".panels"), layer, i));
      this.curve();
      let width = 0;
      new ResizeObserver(() => {
        if (figure.clientWidth !== width) {
          width = figure.clientWidth;
          this.draw();
        }
      }).observe(figure);
      pictures.push(() => this.draw());
      this.draw();
    }

    controls(parent) {
      this.d.steps.forEach((step, s) => {
        if (step.at.length < 2) return;
        const label = make("label", "", parent);
        make("span", "", label).textContent = step.name;
        const say = () => `${step.at[this.step[s]]}${step.unit ? " " + step.unit : ""}`;
        if (step.labels && step.at.length <= 12) {
          const select = make("select", "", label);
          step.at.forEach((text, i) => {
            const option = make("option", "", select);
            option.value = i;
            option.textContent = text;
          });
          select.addEventListener("change", () => this.go(s, Number(select.value)));
          step.show = () => { select.value = this.step[s]; };
          return;
        }
        const slider = make("input", "", label);
        slider.type = "range";
        slider.min = 0;
        slider.max = step.at.length - 1;
        slider.value = 0;
        const output = make("output", "", label);
        slider.addEventListener("input", () => this.go(s, Number(slider.value)));
        step.show = () => {
          slider.value = this.step[s];
          output.textContent = say();
          slider.setAttribute("aria-valuetext", say());
        };
        step.show();
      });
    }

    go(s, to) {
      this.step[s] = clamp(to, 0, this.d.steps[s].at.length - 1);
      if (this.d.steps[s].show) this.d.steps[s].show();
      this.draw();
    }

    // Where the plane of the sliders begins.
    offset(step = this.step) {
      return step.reduce((sum, i, s) => sum * this.d.steps[s].at.length + i, 0) * this.plane;
    }

    cell([column, row] = this.at) { return row * this.columns + column; }

    panel(parent, layer, i) {
      const box = make("div", "panel", parent);
      make("h4", "", box).textContent = layer.title;
      const stage = make("div", "stage", box);
      const canvas = make("canvas", "", stage);
      const over = make("canvas", "over", stage);
      const tip = make("div", "tip", stage);
      tip.hidden = true;
      stage.tabIndex = 0;
      stage.setAttribute("role", "application");
      stage.setAttribute("aria-roledescription", "map");
      stage.setAttribute("aria-label",
        `${this.figure.getAttribute("aria-label")}: ${layer.title}. Arrow keys move, page up and ` +
        "page down move the first slider; the values are read below the maps.");
      const panel = { layer, canvas, over, tip, stage, i };
      stage.addEventListener("pointermove", (e) => this.point(panel, e));
      stage.addEventListener("pointerdown", (e) => this.point(panel, e));
      stage.addEventListener("pointerleave", () => { tip.hidden = true; });
      stage.addEventListener("keydown", (e) => this.key(panel, e));
      stage.addEventListener("blur", () => { tip.hidden = true; });
      return panel;
    }

    point(panel, e) {
      const box = panel.stage.getBoundingClientRect();
      const found = this.find(panel, e.clientX - box.left, e.clientY - box.top);
      if (!found) { panel.tip.hidden = true; return; }
      this.at = found;
      this.mark(panel);
    }

    // The cell or the point at a place of a panel.
    find(panel, px, py) {
      const { left, top, width, height } = panel.frame;
      const slack = this.cells ? 0 : 12;
      if (px < left - slack || px > left + width + slack || py < top - slack || py > top + height + slack) return null;
      if (!this.cells) {
        let best = null;
        let nearest = 26 * 26;
        for (let i = 0; i < this.columns; i++) {
          const away = (panel.x(this.d.points.x[i]) - px) ** 2 + (panel.y(this.d.points.y[i]) - py) ** 2;
          if (away < nearest) { nearest = away; best = [i, 0]; }
        }
        return best;
      }
      const within = (edges, v) => {
        let low = 0;
        let high = edges.length - 2;
        while (low < high) {
          const middle = (low + high + 1) >> 1;
          if (edges[middle] <= v) low = middle; else high = middle - 1;
        }
        return low;
      };
      const { x, y } = this.d;
      const span = (edges) => edges[edges.length - 1] - edges[0];
      return [
        within(x.edges, x.edges[0] + ((px - left) / width) * span(x.edges)),
        within(y.edges, y.edges[0] + ((top + height - py) / height) * span(y.edges)),
      ];
    }

    key(panel, e) {
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      if (moves[e.key]) {
        const [dx, dy] = moves[e.key];
        if (this.cells) {
          this.at = [clamp(this.at[0] + dx, 0, this.columns - 1), clamp(this.at[1] + dy, 0, this.rows - 1)];
        } else {
          this.at = [this.neighbor(dx, dy), 0];
        }
      } else if (e.key === "Home") {
        this.at = [0, this.at[1]];
      } else if (e.key === "End") {
        this.at = [this.columns - 1, this.at[1]];
      } else if ((e.key === "PageUp" || e.key === "PageDown") && this.d.steps.length) {
        this.go(0, this.step[0] + (e.key === "PageUp" ? 1 : -1));
      } else if (e.key === "Escape") {
        panel.tip.hidden = true;
        return;
      } else {
        return;
      }
      e.preventDefault();
      this.mark(panel);
    }

    // The nearest point in a direction.
    neighbor(dx, dy) {
      const { x, y } = this.d.points;
      const here = this.at[0];
      let best = here;
      let least = Infinity;
      for (let i = 0; i < this.columns; i++) {
        const ax = (x[i] - x[here]) * this.d.cos;
        const ay = y[i] - y[here];
        const ahead = ax * dx + ay * dy;
        const aside = Math.abs(ax * dy) + Math.abs(ay * dx);
        const cost = ahead + 2 * aside;
        if (i !== here && ahead > 0 && aside <= 2 * ahead && cost < least) { least = cost; best = i; }
      }
      return best;
    }

    where() {
      const [column, row] = this.at;
      const { d } = this;
      if (this.cells) return `${place(d.y, row)}, ${place(d.x, column)}`;
      return `${d.points.names[column]} (${d.y.at[column]}, ${d.x.at[column]})`;
    }

    draw() {
      const size = this.layout();
      for (const panel of this.panels) this.paint(panel, size);
      this.mark(null);
    }

    // All panels have the same frame.
    layout() {
      const { d } = this;
      const width = this.panels[0].stage.clientWidth;
      const g = this.panels[0].canvas.getContext("2d");
      g.font = FONT;
      const widest = Math.max(...d.y.ticks[0].map((t) => g.measureText(t[1]).width), 0);
      const left = Math.ceil(widest) + 10 + (d.y.label ? 18 : 0);
      const bottom = 22 + (d.x.label ? 17 : 0);
      const room = Math.max(width - left - 12, 40);
      const span = (edges) => edges[edges.length - 1] - edges[0];
      let inner = room;
      let height = clamp(room * 0.72, 150, 380);
      if (d.geo) {
        height = (room * span(d.y.edges)) / (span(d.x.edges) * d.cos);
        const most = Math.max(260, Math.min(window.innerHeight * 0.7, 520));
        if (height > most) { inner = (room * most) / height; height = most; }
        height = Math.max(height, 24);
      }
      return { left, top: 6, width: inner, height, bottom, full: width };
    }

    paint(panel, size) {
      const { d } = this;
      const { left, top, width, height, bottom, full } = size;
      const { layer } = panel;
      panel.frame = size;
      const total = top + height + bottom + 46;
      const g = sized(panel.canvas, full, total);
      const ink = token("--ink");
      const soft = token("--soft");
      const missing = token("--missing");
      const scale = (edges, from, length) => {
        const low = edges[0];
        const per = length / (edges[edges.length - 1] - low);
        return (v) => from + (v - low) * per;
      };
      const x = scale(d.x.edges, left, width);
      const up = scale(d.y.edges, 0, height);
      const y = (v) => top + height - up(v);
      panel.x = x;
      panel.y = y;
      const ramp = ramps[layer.colors];
      const [low, high] = layer.limits || [0, 1];
      const color = (v) => Number.isFinite(v)
        ? ramp[Math.round(clamp((v - low) / (high - low), 0, 1) * 256)]
        : missing;
      const values = this.values[panel.i];
      const offset = this.offset();
      let gaps = false;
      g.save();
      g.beginPath();
      g.rect(left, top, width, height);
      g.clip();
      if (this.cells) {
        const xs = d.x.edges.map((v) => Math.round(x(v)));
        const ys = d.y.edges.map((v) => Math.round(y(v)));
        for (let row = 0; row < this.rows; row++) {
          for (let column = 0; column < this.columns; column++) {
            const v = values[offset + row * this.columns + column];
            gaps ||= !Number.isFinite(v);
            g.fillStyle = color(v);
            g.fillRect(xs[column], ys[row + 1], xs[column + 1] - xs[column], ys[row] - ys[row + 1]);
          }
        }
        if (d.geo) this.coasts(g, x, y);
      } else {
        this.coasts(g, x, y);
        const radius = clamp(14 / this.columns ** 0.25, 2, 7);
        for (let i = 0; i < this.columns; i++) {
          const v = values[offset + i];
          gaps ||= !Number.isFinite(v);
          g.beginPath();
          g.arc(x(d.points.x[i]), y(d.points.y[i]), radius, 0, 2 * Math.PI);
          g.fillStyle = color(v);
          g.fill();
          g.lineWidth = 0.8;
          g.strokeStyle = ink;
          g.stroke();
        }
      }
      g.restore();
      g.fillStyle = ink;
      g.strokeStyle = soft;
      g.lineWidth = 1;
      g.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
      drawBelow(g, fitting(g, d.x.ticks, width, true), x, left, width, top + height);
      g.textAlign = "right";
      g.textBaseline = "middle";
      for (const [value, label] of fitting(g, d.y.ticks, height, false)) {
        g.fillRect(left - 4, y(value) - 0.5, 4, 1);
        g.fillText(label, left - 7, y(value));
      }
      g.fillStyle = soft;
      if (d.x.label) {
        g.textAlign = "center";
        g.textBaseline = "top";
        g.fillText(d.x.label, left + width / 2, top + height + 22);
      }
      if (d.y.label) {
        g.save();
        g.translate(8, top + height / 2);
        g.rotate(-Math.PI / 2);
        g.textAlign = "center";
        g.textBaseline = "middle";
        g.fillText(d.y.label, 0, 0);
        g.restore();
      }
      this.bar(g, layer, ramp, gaps, { left, width, y: top + height + bottom + 8, ink, soft, missing });
    }

    // The key below a panel: colors, numbers, and what gray means.
    bar(g, layer, ramp, gaps, { left, width, y, ink, soft, missing }) {
      let length = width;
      if (gaps) {
        const need = g.measureText("missing").width + 30;
        length = Math.max(width - need, 40);
        const x = layer.limits ? left + length + 14 : left;
        g.fillStyle = missing;
        g.fillRect(x, y, 11, 11);
        g.fillStyle = ink;
        g.textAlign = "left";
        g.textBaseline = "middle";
        g.fillText("missing", x + 16, y + 6);
      }
      if (!layer.limits) return;
      const [low, high] = layer.limits;
      // An arrow where values lie beyond the colors.
      [[left, -8, ramp[0]], [left + length, 8, ramp[256]]].forEach(([x, tip, fill], end) => {
        if (!layer.beyond[end]) return;
        g.fillStyle = fill;
        g.beginPath();
        g.moveTo(x, y);
        g.lineTo(x + tip, y + 5.5);
        g.lineTo(x, y + 11);
        g.fill();
      });
      for (let k = 0; k < length; k++) {
        g.fillStyle = ramp[Math.round((k / Math.max(length - 1, 1)) * 256)];
        g.fillRect(left + k, y, Math.min(1.5, length - k), 11);
      }
      g.fillStyle = ink;
      const at = (v) => left + ((v - low) / (high - low)) * length;
      drawBelow(g, fitting(g, layer.ticks, length, true), at, left, length, y + 11, soft);
    }

    coasts(g, x, y) {
      const { unit, lines } = this.d.outlines;
      g.strokeStyle = token("--coast");
      for (const line of lines) {
        let a = line[1];
        let b = line[2];
        g.lineWidth = line[0] ? 0.5 : 0.9;
        g.setLineDash(line[0] ? [3, 2] : []);
        g.beginPath();
        g.moveTo(x(a * unit), y(b * unit));
        for (let k = 3; k < line.length; k += 2) {
          a += line[k];
          b += line[k + 1];
          g.lineTo(x(a * unit), y(b * unit));
        }
        g.stroke();
      }
      g.setLineDash([]);
    }

    // Shows which cell is meant, in every panel, and reads its values.
    mark(active) {
      const { d } = this;
      const [column, row] = this.at;
      const offset = this.offset() + this.cell();
      for (const panel of this.panels) {
        const { frame, layer } = panel;
        const g = sized(panel.over, frame.full, frame.top + frame.height + frame.bottom);
        let cx, cy;
        for (const [color, width] of [[token("--paper"), 4], [token("--ink"), 1.8]]) {
          g.strokeStyle = color;
          g.lineWidth = width;
          if (this.cells) {
            const [x0, x1] = [panel.x(d.x.edges[column]), panel.x(d.x.edges[column + 1])];
            const [y0, y1] = [panel.y(d.y.edges[row + 1]), panel.y(d.y.edges[row])];
            // Not smaller than can be seen.
            const w = Math.max(x1 - x0, 6);
            const h = Math.max(y1 - y0, 6);
            cx = (x0 + x1) / 2;
            cy = (y0 + y1) / 2;
            g.strokeRect(cx - w / 2, cy - h / 2, w, h);
          } else {
            cx = panel.x(d.points.x[column]);
            cy = panel.y(d.points.y[column]);
            g.beginPath();
            g.arc(cx, cy, 9, 0, 2 * Math.PI);
            g.stroke();
          }
        }
        panel.tip.hidden = panel !== active;
        if (panel === active) {
          panel.tip.replaceChildren();
          make("div", "", panel.tip).textContent = show(layer, this.values[panel.i][offset]);
          make("div", "", panel.tip).textContent = this.where();
          const wide = panel.tip.offsetWidth;
          panel.tip.style.left = `${clamp(cx - wide / 2, 0, Math.max(frame.full - wide, 0))}px`;
          const above = cy - panel.tip.offsetHeight - 12;
          panel.tip.style.top = `${above > -8 ? above : cy + 14}px`;
        }
      }
      const steps = d.steps.filter((s) => s.at.length > 1)
        .map((s) => `${s.name} ${s.at[this.step[d.steps.indexOf(s)]]}${s.unit ? " " + s.unit : ""}`);
      this.readout.replaceChildren();
      make("b", "", this.readout).textContent = [this.where(), ...steps].join(", ");
      const values = d.layers.map((l, i) => `${l.title} ${show(l, this.values[i][offset])}`);
      this.readout.append(`: ${values.join(" · ")}`);
      this.drawCurve();
    }

    // A curve through the cell: along the longest slider, or along x.
    curve() {
      const { d } = this;
      this.roles = {};
      d.layers.forEach((l, i) => { if (l.role !== "other") this.roles[l.role] ??= i; });
      let along = -1;
      d.steps.forEach((s, i) => {
        if (s.at.length > 2 && s.values && (along < 0 || s.at.length > d.steps[along].at.length)) along = i;
      });
      this.along = along;
      const possible = along >= 0 || (this.cells && this.columns > 2);
      if (this.roles.mean === undefined || !possible) return;
      const box = this.figure.querySelector(".curve");
      this.line = make("canvas", "", box);
      this.line.setAttribute("role", "img");
    }

    drawCurve() {
      if (!this.line) return;
      const { d, roles, along } = this;
      const width = this.figure.clientWidth;
      const height = 200;
      const g = sized(this.line, width, height);
      const side = along >= 0 ? d.steps[along] : d.x;
      const places = along >= 0
        ? side.values
        : Array.from({ length: this.columns }, (_, i) => (side.edges[i] + side.edges[i + 1]) / 2);
      const index = (i) => along >= 0
        ? this.offset(this.step.map((s, k) => (k === along ? i : s))) + this.cell()
        : this.offset() + this.cell([i, this.at[1]]);
      const column = (role) => roles[role] === undefined
        ? null
        : places.map((_, i) => this.values[roles[role]][index(i)]);
      const [data, mean, spread] = [column("data"), column("mean"), column("spread")];
      const layer = d.layers[roles.mean];
      const z = 1.6448536269514722;
      const lower = column("lower") || (spread && mean.map((m, i) => m - z * spread[i]));
      const upper = column("upper") || (spread && mean.map((m, i) => m + z * spread[i]));
      const band = roles.lower === undefined
        ? "90 % interval of the mean"
        : `${d.layers[roles.lower].title} to ${d.layers[roles.upper].title}`;
      // The limits of the colors, so that places can be compared.
      let [low, high] = layer.limits || [0, 1];
      for (const v of [...(data || []), ...(lower || []), ...(upper || [])]) {
        if (Number.isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); }
      }
      const pad = 0.05 * (high - low);
      [low, high] = [low - pad, high + pad];
      const ticks = layer.ticks.map((list) => list.filter((t) => t[0] >= low && t[0] <= high));
      const left = Math.ceil(Math.max(...ticks[0].map((t) => g.measureText(t[1]).width), 0)) + 12;
      const [top, bottom] = [26, 42];
      const room = width - left - 12;
      const [first, last] = [Math.min(...places), Math.max(...places)];
      const x = (v) => left + 8 + ((v - first) / (last - first || 1)) * (room - 16);
      const y = (v) => top + (1 - (v - low) / (high - low)) * (height - top - bottom);
      const [ink, soft, line, accent] = ["--ink", "--soft", "--line", "--accent"].map(token);
      g.fillStyle = ink;
      g.textAlign = "left";
      g.textBaseline = "top";
      const here = along >= 0 ? this.where() : place(d.y, this.at[1]);
      const what = [data && "data (dots)", "mean (line)", lower && `${band} (band)`].filter(Boolean);
      const title = `${layer.label} along ${side.name} at ${here}`;
      g.font = FONT.replace("12px", "600 12px");
      g.fillText(title, 0, 2, width);
      const used = g.measureText(title).width + 12;
      g.font = FONT;
      g.fillStyle = soft;
      if (used + g.measureText(what.join(", ")).width < width) g.fillText(what.join(", "), used, 2);
      g.textBaseline = "middle";
      g.textAlign = "right";
      for (const [value, label] of fitting(g, ticks, height - top - bottom, false)) {
        g.fillStyle = line;
        g.fillRect(left, y(value), room, 1);
        g.fillStyle = ink;
        g.fillText(label, left - 6, y(value));
      }
      g.fillStyle = ink;
      drawBelow(g, fitting(g, side.ticks, room, true), x, left, room, height - bottom);
      g.fillStyle = soft;
      g.textAlign = "center";
      g.textBaseline = "top";
      g.fillText(side.label || side.name, left + room / 2, height - 16);
      const runs = (values) => {
        const all = [];
        let run = [];
        values.forEach((v, i) => {
          if (Number.isFinite(v)) run.push(i);
          else if (run.length) { all.push(run); run = []; }
        });
        if (run.length) all.push(run);
        return all;
      };
      if (lower) {
        g.globalAlpha = 0.25;
        g.fillStyle = accent;
        for (const run of runs(lower)) {
          g.beginPath();
          run.forEach((i) => g.lineTo(x(places[i]), y(upper[i])));
          [...run].reverse().forEach((i) => g.lineTo(x(places[i]), y(lower[i])));
          g.fill();
        }
        g.globalAlpha = 1;
      }
      g.strokeStyle = accent;
      g.lineWidth = 1.6;
      for (const run of runs(mean)) {
        g.beginPath();
        run.forEach((i) => g.lineTo(x(places[i]), y(mean[i])));
        g.stroke();
      }
      if (data) {
        g.fillStyle = ink;
        const radius = places.length > 150 ? 1.3 : 2.2;
        data.forEach((v, i) => {
          if (!Number.isFinite(v)) return;
          g.beginPath();
          g.arc(x(places[i]), y(v), radius, 0, 2 * Math.PI);
          g.fill();
        });
      }
      const now = along >= 0 ? this.step[along] : this.at[0];
      g.strokeStyle = soft;
      g.lineWidth = 1;
      g.setLineDash([3, 3]);
      g.beginPath();
      g.moveTo(x(places[now]), top);
      g.lineTo(x(places[now]), height - bottom);
      g.stroke();
      g.setLineDash([]);
      this.line.setAttribute("aria-label", `${title}: ${what.join(", ")}`);
    }
  }

  for (const figure of document.querySelectorAll(".explorer")) new Explorer(figure);
  showTheme();
})();
