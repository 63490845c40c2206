"use strict";
// The interactive parts of a page: sorting and filtering the table of runs, values at the
// cursor, hiding lines from the legend, and the other scale of the vertical axis. This script
// creates or shows all of its controls, so that without it no useless ones are visible.
(() => {
  const first = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  const made = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };

  // The number in a cell, which may have commas; the title has all digits.
  const number = (text) => {
    const plain = text.trim().replaceAll(",", "");
    const infinite = /^([+-]?)inf/i.exec(plain);
    if (infinite) return infinite[1] === "-" ? -Infinity : Infinity;
    return plain === "" ? NaN : Number(plain);
  };

  // A number for a reader: five significant digits.
  const shown = (value, isWhole) => {
    // Where a run diverged the value is not known.
    if (!Number.isFinite(value)) return "diverged";
    if (isWhole) return Math.round(value).toLocaleString("en");
    const rounded = Number(value.toPrecision(5));
    const size = Math.abs(rounded);
    const isFar = size !== 0 && (size < 1e-4 || size >= 1e7);
    return isFar ? rounded.toExponential().replace("e+", "e") : String(rounded);
  };

  // ---- The table of runs ----

  const table = first("#runs-table");
  const rowOf = (run) => (run === null ? null : document.getElementById(`run-${run}`));

  const startTable = () => {
    const heads = all("thead th", table);
    const bodies = [...table.tBodies];
    const cells = new Map(bodies.map((body) => [body, [...body.rows[0].cells]]));
    const text = (cell) => cell.textContent.trim();
    const numeric = heads.map((head) => head.classList.contains("n"));
    // The first cell of a row may also mark its run as the best.
    const numberOf = (body, column) => {
      const cell = cells.get(body)[column];
      return column === 0 ? Number(body.id.slice(4)) : number(cell.title || text(cell));
    };

    const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
    // Numbers that are not finite, and cells without one, stay last in both directions.
    const compare = (column, sign) => (a, b) => {
      if (!numeric[column]) {
        const texts = [a, b].map((body) => text(cells.get(body)[column]));
        return sign * collator.compare(...texts);
      }
      const [x, y] = [numberOf(a, column), numberOf(b, column)];
      const [isX, isY] = [Number.isFinite(x), Number.isFinite(y)];
      if (isX && isY) return sign * (x - y);
      return Number(isY) - Number(isX);
    };
    const sort = (column) => {
      const isAscending = heads[column].getAttribute("aria-sort") !== "ascending";
      heads.forEach((head) => head.setAttribute("aria-sort", "none"));
      heads[column].setAttribute("aria-sort", isAscending ? "ascending" : "descending");
      table.append(...bodies.sort(compare(column, isAscending ? 1 : -1)));
    };
    heads.forEach((head, column) => {
      const button = made("button", { type: "button" }, ...head.childNodes);
      button.addEventListener("click", () => sort(column));
      head.append(button);
      if (!head.hasAttribute("aria-sort")) head.setAttribute("aria-sort", "none");
    });

    const columns = new Map(heads.map((head, column) => [head.dataset.name.toLowerCase(), column]));
    const comparisons = {
      "<": (a, b) => a < b,
      ">": (a, b) => a > b,
      "<=": (a, b) => a <= b,
      ">=": (a, b) => a >= b,
    };
    // The condition of a word of the filter; null for a comparison without a number.
    const demand = (word) => {
      const [, name, operator, wanted] = /^([^<>=!:]+)(<=|>=|!=|[<>=:])(.*)$/.exec(word) ?? [];
      const column = columns.get(name?.replaceAll('"', "").toLowerCase());
      const plain = (wanted ?? word).replaceAll('"', "").toLowerCase();
      if (column === undefined) {
        const searched = word.replaceAll('"', "").toLowerCase();
        return (body) => body.textContent.toLowerCase().includes(searched);
      }
      const of = (body) => text(cells.get(body)[column]).toLowerCase();
      if (operator === ":") return (body) => of(body).includes(plain);
      const limit = number(plain);
      if (operator in comparisons) {
        if (Number.isNaN(limit)) return plain === "" ? () => true : null;
        return (body) => comparisons[operator](numberOf(body, column), limit);
      }
      const isEqual = (body) => of(body) === plain || numberOf(body, column) === limit;
      return operator === "=" ? isEqual : (body) => !isEqual(body);
    };
    const filter = first("#filter");
    const count = first("#count");
    const choose = () => {
      const words = filter.value.match(/(?:[^\s"]+|"[^"]*"?)+/g) ?? [];
      const demands = words.map(demand);
      filter.setAttribute("aria-invalid", String(demands.includes(null)));
      const chosen = bodies.filter((body) => {
        const isChosen = demands.every((holds) => holds?.(body) ?? true);
        body.hidden = !isChosen;
        return isChosen;
      });
      count.value = `${chosen.length.toLocaleString("en")} of ${bodies.length.toLocaleString("en")} runs`;
    };
    filter.addEventListener("input", choose);
    choose();

    const sentences = first("#sentences");
    const showSentences = () => table.classList.toggle("no-sentences", !sentences.checked);
    sentences.closest("label").hidden = first(".sentence", table) === null;
    // Sentences below many rows keep numbers from being compared.
    sentences.checked = bodies.length <= 50;
    sentences.addEventListener("change", showSentences);
    showSentences();

    first(".tools").hidden = bodies.length < 2;
    // Pointing at a row highlights its lines.
    const point = (event) => {
      const body = event.type === "pointerover" ? event.target.closest("tbody") : null;
      const run = body ? body.id.slice(4) : null;
      charts.forEach((chart) => chart.light(chart.lines.filter((line) => run !== null && line.run === run)));
    };
    table.addEventListener("pointerover", point);
    table.addEventListener("pointerleave", point);
  };

  // ---- Charts ----

  const SVG = "http://www.w3.org/2000/svg";
  const drawn = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };

  // The positions of values along an axis, as shares from 0 to 1, and back.
  const axis = (text) => {
    const [kind, ...numbers] = text.split(" ");
    const [low, high, threshold] = numbers.map(Number);
    const to = {
      linear: (value) => value,
      log: Math.log,
      symlog: (value) => {
        const size = Math.abs(value);
        // The quotient of the two could overflow.
        const inner = size <= threshold ? size / threshold : 1 + Math.log10(size) - Math.log10(threshold);
        return Math.sign(value) * inner;
      },
    }[kind];
    const from = {
      linear: (place) => place,
      log: Math.exp,
      symlog: (place) => {
        const size = Math.abs(place);
        return Math.sign(place) * threshold * (size <= 1 ? size : 10 ** (size - 1));
      },
    }[kind];
    const [start, end] = [to(low), to(high)];
    const length = end - start || 1;
    return {
      share: (value) => (to(value) - start) / length,
      value: (share) => from(start + share * length),
    };
  };

  // The corners of a line: their positions in the picture, and their values. That of a cross
  // may have a value outside the panel, or none; it is placed at the edge.
  const corners = (text, [left, top, right, bottom], x, y) => {
    const numbers = text === "" ? [] : text.split(" ");
    const points = [];
    for (let at = 0; at < numbers.length; at += 2) {
      if (numbers[at] === "-") {
        points.push(null);
        at -= 1;
        continue;
      }
      const values = [number(numbers[at]), number(numbers[at + 1])];
      const held = (share, value) => Math.min(1, Math.max(0, Number.isNaN(share) ? Number(value > 0) : share));
      const place = [
        left + x.share(values[0]) * (right - left),
        bottom - held(y.share(values[1]), values[1]) * (bottom - top),
      ];
      points.push(place.every(Number.isFinite) ? { place, values } : null);
    }
    return points;
  };

  class Picture {
    constructor(element, lines) {
      this.element = element;
      this.size = element.dataset.size.split(" ").map(Number);
      this.svg = first(":scope > svg", element);
      this.panels = all("p", first("template", element).content).map((panel) => {
        const frame = panel.dataset.frame.split(" ").map(Number);
        const [x, y] = [axis(panel.dataset.x), axis(panel.dataset.y)];
        const shownLines = all("i", panel).map((line) => ({
          of: lines[Number(line.dataset.line)],
          text: line.dataset.points,
          // There is nothing between two dots; between two samples values are unknown.
          isJoined: !panel.hasAttribute("data-sampled") && !lines[Number(line.dataset.line)]?.hasDots,
        }));
        return { frame, x, y, lines: shownLines.filter((line) => line.of) };
      });
      this.dot = drawn("circle", { r: 0, class: "dot" });
      this.trace = drawn("path", { class: "trace" });
      this.over = drawn("svg", { viewBox: `0 0 ${this.size.join(" ")}`, class: "over", "aria-hidden": "true" });
      this.over.append(this.trace, this.dot);
      element.append(this.over);
    }

    // Corners are parsed on demand: there may be thousands.
    points(panel, line) {
      line.points ??= corners(line.text, panel.frame, panel.x, panel.y);
      return line.points;
    }

    // The elements of a line, if the picture is a drawing.
    groups(line) {
      if (!this.byLine) {
        this.byLine = new Map();
        for (const group of this.svg ? all("[data-line]", this.svg) : []) {
          const known = this.byLine.get(group.dataset.line);
          if (known) known.push(group);
          else this.byLine.set(group.dataset.line, [group]);
        }
      }
      return this.byLine.get(String(line.index)) ?? [];
    }

    // All visible lines, panel by panel.
    *shown() {
      for (const panel of this.panels) {
        for (const line of panel.lines) if (!line.of.isHidden) yield { panel, line };
      }
    }

    at(event) {
      const box = this.element.getBoundingClientRect();
      return [
        ((event.clientX - box.left) * this.size[0]) / box.width,
        ((event.clientY - box.top) * this.size[1]) / box.height,
      ];
    }

    // The nearest point of a line to a position in the picture.
    nearest([x, y]) {
      let best = null;
      const reach = 12;
      for (const { panel, line } of this.shown()) {
        const [left, top, right, bottom] = panel.frame;
        if (x < left - reach || x > right + reach || y < top - reach || y > bottom + reach) continue;
        const points = this.points(panel, line);
        points.forEach((to, place) => {
          if (!to) return;
          const from = line.isJoined ? (points[place - 1] ?? to) : to;
          const [dx, dy] = [to.place[0] - from.place[0], to.place[1] - from.place[1]];
          const length = dx * dx + dy * dy;
          const along = (x - from.place[0]) * dx + (y - from.place[1]) * dy;
          const share = length > 0 ? Math.min(1, Math.max(0, along / length)) : 0;
          const [px, py] = [from.place[0] + share * dx, from.place[1] + share * dy];
          const distance = (px - x) ** 2 + (py - y) ** 2;
          if (!best || distance < best.distance) best = { distance, panel, line, place, share };
        });
      }
      if (!best) return null;
      const { panel, line } = best;
      // A function of the horizontal axis is read at the cursor; a path where it is nearest.
      return this.isFunction(panel, line) ? this.atX(panel, line, x) : this.between(best);
    }

    isFunction(panel, line) {
      if (!line.isJoined) return false;
      const places = this.points(panel, line).filter(Boolean);
      line.isFunction ??= places.every((point, at) => at === 0 || point.place[0] >= places[at - 1].place[0]);
      return line.isFunction;
    }

    // Whether all corners are integers along a side, like epochs, except those where the edge of
    // the panel cuts the line.
    isWhole(panel, line, side) {
      const points = this.points(panel, line).filter(Boolean);
      line.isWhole ??= [0, 1].map((one) => points.every((point) => (
        Number.isInteger(point.values[one]) || (one === 0 && this.isAtEdge(panel, point)))));
      return line.isWhole[side];
    }

    isAtEdge({ frame: [, top, , bottom] }, { place: [, y] }) {
      return Math.min(y - top, bottom - y) < 0.1;
    }

    // The point of a line at the cursor, or the nearest visible one. On a line over epochs it is
    // at an epoch, since values between epochs are unknown.
    atX(panel, line, cursor) {
      const points = this.points(panel, line);
      const [left, , right] = panel.frame;
      const isWhole = this.isWhole(panel, line, 0);
      const placeOf = (value) => left + panel.x.share(value) * (right - left);
      const wanted = Math.round(panel.x.value((cursor - left) / (right - left)));
      let best = null;
      points.forEach((to, place) => {
        if (!to) return;
        const from = points[place - 1] ?? to;
        let [low, high] = [from.place[0], to.place[0]];
        let x = cursor;
        if (isWhole) {
          const [first, last] = [Math.ceil(from.values[0]), Math.floor(to.values[0])];
          if (first > last) return;
          [low, high, x] = [first, last, wanted].map(placeOf);
        }
        x = Math.min(high, Math.max(low, x));
        const distance = Math.abs(x - cursor);
        if (best && best.distance <= distance) return;
        const length = to.place[0] - from.place[0];
        best = { distance, place, share: length > 0 ? (x - from.place[0]) / length : 1 };
      });
      return best && this.between({ panel, line, ...best });
    }

    // The corners for the arrow keys: not those where the panel cuts a line over epochs.
    steps(panel, line) {
      const isWhole = this.isWhole(panel, line, 0);
      const isStep = (point) => point && (!isWhole || Number.isInteger(point.values[0]));
      return this.points(panel, line).flatMap((point, place) => (isStep(point) ? [place] : []));
    }

    // A point between the previous corner and this one, with its values.
    between({ panel, line, place, share }) {
      const points = this.points(panel, line);
      const to = points[place];
      const from = line.isJoined ? (points[place - 1] ?? to) : to;
      const at = [0, 1].map((side) => from.place[side] + share * (to.place[side] - from.place[side]));
      // At a corner the value is known with more digits than the picture has.
      const values = share === 1 ? to.values : share === 0 ? from.values : this.values(panel, at);
      return { panel, line, place, at, values };
    }

    values({ frame: [left, top, right, bottom], x, y }, at) {
      return [
        x.value((at[0] - left) / (right - left)),
        y.value((bottom - at[1]) / (bottom - top)),
      ];
    }

    mark(hit) {
      this.dot.setAttribute("r", 0);
      if (hit) {
        // The size on the screen does not depend on the size of the picture.
        this.dot.setAttribute("r", (4.5 * this.size[0]) / this.element.clientWidth);
        this.dot.setAttribute("cx", hit.at[0]);
        this.dot.setAttribute("cy", hit.at[1]);
      }
      // Without a group to highlight, the line is drawn over the picture.
      const isTraced = hit && hit.line.isJoined && this.groups(hit.line.of).length === 0;
      const points = isTraced ? this.points(hit.panel, hit.line) : [];
      const piece = (point, at) => (point ? `${points[at - 1] ? "L" : "M"}${point.place.join(",")}` : "");
      this.trace.setAttribute("d", points.map(piece).join(""));
    }
  }

  class Chart {
    constructor(plot) {
      this.plot = plot;
      this.labels = [plot.dataset.x, plot.dataset.y];
      this.lines = all("i", first(":scope > template", plot).content).map((line, index) => ({
        index,
        name: line.dataset.name,
        run: line.dataset.run ?? null,
        entry: line.dataset.entry ?? null,
        hasDots: line.hasAttribute("data-dots"),
        isHidden: false,
      }));
      this.pictures = all(":scope > .picture", plot).map((element) => new Picture(element, this.lines));
      this.tip = made("div", { class: "tip", hidden: "" });
      this.says = made("div", { class: "said", role: "status" });
      plot.append(this.tip, this.says);
      this.hit = null;
      this.follow();
      this.legend();
      this.switch();
    }

    get picture() {
      return this.pictures.find((picture) => !picture.element.hidden) ?? this.pictures[0];
    }

    // Highlights some lines, or none.
    light(lines) {
      const [before, after] = [this.lit ?? [], lines];
      if (before.length === 0 && after.length === 0) return;
      this.lit = after;
      for (const picture of this.pictures) {
        for (const line of before) picture.groups(line).forEach((group) => group.classList.remove("lit"));
        for (const line of after) picture.groups(line).forEach((group) => group.classList.add("lit"));
        picture.svg?.classList.toggle("dim", after.length > 0);
      }
    }

    show(hit) {
      const before = rowOf(this.hit?.line.of.run ?? null);
      before?.classList.remove("lit");
      this.hit = hit;
      this.tip.hidden = !hit;
      this.picture.mark(hit);
      this.light(hit ? [hit.line.of] : []);
      if (!hit) return;
      const { name, run } = hit.line.of;
      rowOf(run)?.classList.add("lit");
      const isWhole = [0, 1].map((side) => this.picture.isWhole(hit.panel, hit.line, side));
      const values = this.labels.map((label, side) => made("div", {},
        made("bdi", { class: "label" }, label || "xy"[side]), " ",
        made("b", {}, shown(hit.values[side], isWhole[side]))));
      const heading = [run === null ? "" : `run ${run}`, name].filter(Boolean);
      this.tip.replaceChildren(
        ...(heading.length ? [made("div", { class: "who", dir: "auto" }, heading.join(": "))] : []),
        ...values);
      this.place(hit.at);
    }

    // Places the tooltip next to the point on a side with room, else above or below it.
    place([x, y]) {
      const box = this.picture.element.getBoundingClientRect();
      const scale = box.width / this.picture.size[0];
      const [left, top] = [x * scale, y * scale];
      const { offsetWidth: width, offsetHeight: height } = this.tip;
      const gap = 12;
      const within = (place, size, room) => Math.min(Math.max(0, place), Math.max(0, room - size));
      let [across, down] = [left + gap, within(top - height / 2, height, box.height)];
      if (across + width > box.width) across = left - gap - width;
      if (across < 0) {
        across = within(left - width / 2, width, box.width);
        down = top - gap - height >= 0 ? top - gap - height : top + gap;
      }
      this.tip.style.left = `${across}px`;
      this.tip.style.top = `${this.picture.element.offsetTop + down}px`;
    }

    follow() {
      if (!this.pictures.some((picture) => !picture.shown().next().done)) return;
      for (const picture of this.pictures) {
        picture.element.addEventListener("pointermove", (event) => this.show(picture.nearest(picture.at(event))));
        picture.element.addEventListener("pointerdown", (event) => this.show(picture.nearest(picture.at(event))));
        picture.element.addEventListener("pointerleave", (event) => {
          // Lifting a finger also fires this event; its tooltip stays.
          if (event.pointerType === "mouse") this.show(null);
        });
      }
      this.plot.tabIndex = 0;
      this.plot.setAttribute("role", "group");
      this.plot.setAttribute("aria-label", "Chart values: the arrow keys move along a line and between lines");
      this.plot.addEventListener("keydown", (event) => {
        if (event.target !== this.plot || event.ctrlKey || event.metaKey || event.altKey) return;
        const hit = event.key === "Escape" ? null : this.step(event.key);
        if (hit === undefined) return;
        event.preventDefault();
        this.show(hit);
        this.says.textContent = hit ? this.tip.innerText : "";
      });
      this.plot.addEventListener("blur", () => this.show(null));
    }

    // The point that a key leads to; undefined for other keys.
    step(key) {
      const picture = this.picture;
      const lines = [...picture.shown()];
      if (lines.length === 0) return undefined;
      const at = Math.max(0, lines.findIndex(({ line }) => line === this.hit?.line));
      const { panel, line } = lines[at];
      const points = picture.points(panel, line);
      const places = picture.steps(panel, line);
      if (places.length === 0) return undefined;
      const to = (place) => picture.between({ panel, line, place, share: 1 });
      const turned = { ArrowUp: -1, ArrowDown: 1 }[key];
      if (turned) {
        if (!this.hit) return to(places[0]);
        const next = lines[(at + turned + lines.length) % lines.length];
        const { panel: nextPanel, line: nextLine } = next;
        if (picture.isFunction(nextPanel, nextLine)) return picture.atX(nextPanel, nextLine, this.hit.at[0]);
        const known = picture.points(nextPanel, nextLine);
        const place = known[this.hit.place] ? this.hit.place : known.findIndex(Boolean);
        return place < 0 ? undefined : picture.between({ panel: nextPanel, line: nextLine, place, share: 1 });
      }
      if (key === "Home") return to(places[0]);
      if (key === "End") return to(places.at(-1));
      const sign = { ArrowLeft: -1, ArrowRight: 1 }[key];
      if (!sign) return undefined;
      if (!this.hit) return to(places[0]);
      // Corners may lie too close together for single steps.
      const least = line.isJoined ? panel.frame[2] / 100 : 0;
      const here = points[this.hit.place] ?? points[places[0]];
      const ahead = sign > 0
        ? places.filter((place) => place > this.hit.place)
        : places.filter((place) => place < this.hit.place).reverse();
      const isFar = (place) => Math.hypot(
        points[place].place[0] - here.place[0], points[place].place[1] - here.place[1]) >= least;
      const next = ahead.find(isFar) ?? ahead.at(-1);
      return next === undefined ? to(this.hit.place) : to(next);
    }

    // Entries of the legend become buttons that hide their lines.
    legend() {
      for (const picture of this.pictures) {
        const entries = picture.svg ? all("[data-entry]", picture.svg) : [];
        const ofLines = entries.filter((entry) => this.of(entry.dataset.entry).length > 0);
        if (ofLines.length === 0) continue;
        // The parts of an image are not accessible.
        picture.svg.setAttribute("role", "group");
        for (const entry of ofLines) {
          entry.setAttribute("role", "button");
          entry.setAttribute("tabindex", "0");
          entry.setAttribute("aria-pressed", "true");
          const toggle = () => this.toggle(entry.dataset.entry);
          entry.addEventListener("click", toggle);
          entry.addEventListener("keydown", (event) => {
            if (event.key !== "Enter" && event.key !== " ") return;
            event.preventDefault();
            toggle();
          });
          const shownLines = () => this.of(entry.dataset.entry).filter((line) => !line.isHidden);
          entry.addEventListener("pointerenter", () => this.light(shownLines()));
          entry.addEventListener("pointerleave", () => this.light([]));
        }
      }
    }

    // The lines of an entry of the legend.
    of(entry) {
      return this.lines.filter((line) => line.entry === entry);
    }

    toggle(entry) {
      const lines = this.of(entry);
      const isHidden = !lines[0]?.isHidden;
      lines.forEach((line) => { line.isHidden = isHidden; });
      this.show(null);
      for (const picture of this.pictures) {
        lines.flatMap((line) => picture.groups(line)).forEach((group) => group.classList.toggle("off", isHidden));
        for (const one of picture.svg ? all(`[data-entry="${entry}"]`, picture.svg) : []) {
          one.classList.toggle("off", isHidden);
          one.setAttribute("aria-pressed", String(!isHidden));
        }
      }
    }

    // The scale of the vertical axis.
    switch() {
      if (this.pictures.length < 2) return;
      const buttons = this.pictures.map((picture) => made("button", { type: "button" }, picture.element.dataset.scale));
      const choose = (chosen) => {
        this.show(null);
        this.pictures.forEach((picture, place) => {
          picture.element.hidden = place !== chosen;
          buttons[place].setAttribute("aria-pressed", String(place === chosen));
        });
      };
      buttons.forEach((button, place) => button.addEventListener("click", () => choose(place)));
      const group = made("div", { class: "switch", role: "group", "aria-label": "Vertical axis" },
        ...[...buttons].sort((a, b) => a.textContent.localeCompare(b.textContent)));
      first(".links", this.plot.parentElement).prepend(group);
      choose(0);
    }
  }

  // ---- The current section in the navigation ----

  const startNavigation = () => {
    const links = all("nav a");
    const sections = links.map((link) => first(link.getAttribute("href")));
    const show = () => {
      const top = sections.map((section) => section.getBoundingClientRect().top <= 120).lastIndexOf(true);
      links.forEach((link, place) => {
        if (place === top) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      });
    };
    addEventListener("scroll", show, { passive: true });
    show();
  };

  startNavigation();
  const charts = all(".plot").map((plot) => new Chart(plot));
  if (table) startTable();
})();
