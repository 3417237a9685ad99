// The script of the interactive page: one state, `at` (a step, 0 before the first one) and `trail` (the boxes
// that have been opened), and one function per part of the page that shows it.

const { words, pictures } = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const find = (css) => document.querySelector(css);
const holder = find(".holder");
const wholeSvg = holder.querySelector("svg");
const steps = [...document.querySelectorAll(".step")].map((item) => ({ item, ...item.dataset }));
const last = steps.length;

const state = { at: 0, trail: [], playing: 0, scales: new Map() };
let shown; // the picture on the page: its data, its SVG, and what is found in it

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// When something is known: the step after which it is. What no step tells is known from the start.

const knownAt = { value: {}, gradient: {} };
steps.forEach((step, index) => {
  if (step.knows) knownAt[step.knows][step.node] = index + 1;
});

function isKnown(what, node) {
  return state.at === 0 || (knownAt[what][node] ?? 0) <= state.at;
}

// The picture

function open(trail) {
  const key = trail.at(-1) ?? "whole";
  const template = document.getElementById(`inside-${key}`);
  const svg = template ? template.content.firstElementChild.cloneNode(true) : wholeSvg;
  state.trail = trail;
  shown = { key, ...prepared(pictures[key], svg) };
  holder.replaceChildren(svg);
  showTrail();
  zoom(1);
}

function prepared(picture, svg) {
  const elements = { boxes: svg.querySelectorAll(".box"), arrows: svg.querySelectorAll(".arrow") };
  const boxes = new Map(picture.boxes.map((box, i) => [box.id, { ...box, svg: elements.boxes[i] }]));
  const arrows = picture.arrows.map((arrow, i) => ({ ...arrow, svg: elements.arrows[i], at: 0 }));
  const home = new Map();
  for (const box of boxes.values()) {
    for (const [first, end] of box.members) {
      for (let node = first; node <= end; node++) home.set(`n${node}`, box.id);
    }
    box.svg.querySelector("title")?.remove(); // it would tell what is not yet known
    box.svg.setAttribute("tabindex", "0");
    box.svg.setAttribute("role", isGroup(box) ? "button" : "img");
  }
  const made = { svg, boxes, arrows, home };
  steps.forEach((step, index) => {
    for (const arrow of arrowsOf(made, step)) arrow.at = index + 1;
  });
  return made;
}

// The arrow along which a step goes; nothing where both ends are in the same box.
function arrowsOf({ arrows, home }, { tail, head, arg }) {
  if (!tail) return [];
  const ends = [home.get(tail), home.get(head)];
  const along = arrows.filter((arrow) => arrow.tail === ends[0] && arrow.head === ends[1]);
  return along.length > 1 ? along.filter((arrow) => String(arrow.arg) === arg) : along;
}

function spoken(box) {
  const said = [box.formula ? `${box.name} = ${box.formula}` : box.name];
  for (const what of ["value", "gradient"]) {
    if (box[what] && isKnown(what, box.id)) said.push(`${words[what]} ${box[what]}`);
  }
  if (isGroup(box)) said.push(words.look_inside);
  return said.join(", ");
}

const isGroup = (box) => Boolean(document.getElementById(`inside-${box.id}`)) && box.kind === "group";

function showKnown() {
  for (const box of shown.boxes.values()) {
    box.svg.classList.toggle("no-value", !isKnown("value", box.id));
    box.svg.classList.toggle("no-gradient", !isKnown("gradient", box.id));
    box.svg.setAttribute("aria-label", spoken(box));
  }
  for (const arrow of shown.arrows) {
    arrow.svg.classList.toggle("no-share", state.at > 0 && arrow.at > state.at);
  }
}

function showLit() {
  for (const lit of shown.svg.querySelectorAll(".lit, .near")) {
    lit.classList.remove("lit", "near", "forward", "backward");
  }
  const step = steps[state.at - 1];
  if (!step) return;
  const light = (svg, how) => svg?.classList.add(how, step.pass);
  const box = shown.boxes.get(shown.home.get(step.tail ?? step.node));
  light(box?.svg, "lit");
  for (const arrow of arrowsOf(shown, step)) {
    light(arrow.svg, "lit");
    light(shown.boxes.get(arrow.head).svg, "near");
  }
  for (const arrow of arrowsAround(step, box)) light(arrow.svg, "lit");
  if (box) bringIntoView(box.svg, holder);
}

// The arrows that a value comes from, or that a sum is of.
function arrowsAround(step, box) {
  if (!box || box.kind === "group") return [];
  if (step.says === "computed_value") return shown.arrows.filter((arrow) => arrow.head === box.id);
  if (step.says === "sum_of_shares") return shown.arrows.filter((arrow) => arrow.tail === box.id);
  return [];
}

// Within its frame, so that the page itself stays where it is.
function bringIntoView(part, frame) {
  const box = part.getBoundingClientRect();
  const seen = frame.getBoundingClientRect();
  if (box.left < seen.left || box.right > seen.right) {
    frame.scrollLeft += (box.left + box.right - seen.left - seen.right) / 2;
  }
  if (box.top < seen.top || box.bottom > seen.bottom) {
    frame.scrollTop += (box.top + box.bottom - seen.top - seen.bottom) / 2;
  }
}

// Each picture keeps the size that the reader gave it; at first it is as small as can be read.
function zoom(to) {
  const { width, height } = shown.svg.viewBox.baseVal;
  const fitting = Math.min(1.4, holder.clientWidth / width, holder.clientHeight / height);
  const now = state.scales.get(shown.key) ?? Math.max(0.6, fitting);
  const scale = Math.min(4, Math.max(0.02, to === "fit" ? fitting : now * to));
  state.scales.set(shown.key, scale);
  shown.svg.style.width = `${width * scale}px`;
  shown.svg.style.height = `${height * scale}px`;
}

// The way back out of opened boxes

function showTrail() {
  const nav = find(".trail");
  nav.hidden = state.trail.length === 0;
  const places = ["whole", ...state.trail].map((key, depth, all) => {
    const name = depth ? pictures[key].title : words.whole_picture;
    const button = element("button", name, { type: "button" });
    if (depth === all.length - 1) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => leave(depth));
    return button;
  });
  nav.replaceChildren(...places);
}

function enter(id) {
  open([...state.trail, id]);
  show();
  shown.boxes.get(id)?.svg.focus({ preventScroll: true });
}

function leave(depth) {
  const left = state.trail[depth];
  open(state.trail.slice(0, depth));
  show();
  shown.boxes.get(left)?.svg.focus();
}

// The details of a box

function details(box) {
  const list = element("dl");
  const add = (term, texts) => {
    if (!texts.length) return;
    list.append(element("dt", term));
    for (const text of texts) list.append(element("dd", text));
  };
  const heading = element("p", box.name, { class: "name" });
  add(words.formula, box.formula ? [box.formula] : []);
  for (const what of ["value", "gradient"]) {
    if (box[what]) add(words[what], [isKnown(what, box.id) ? box[what] : words.not_yet]);
  }
  add(words.says_check, box.right ? [box.right] : []);
  add(words.inputs, inputs(box));
  add(words.consumers, shares(box));
  const parts = [heading, list];
  if (isGroup(box)) {
    const button = element("button", words.look_inside, { type: "button" });
    button.addEventListener("click", () => enter(box.id));
    parts.push(button);
  }
  return parts;
}

function inputs({ id }) {
  const tails = shown.arrows.filter((arrow) => arrow.head === id).map((arrow) => arrow.tail);
  return tails.length ? [tails.map((tail) => shown.boxes.get(tail).name).join(", ")] : [];
}

// Who uses a box, and what comes back from there.
function shares({ id }) {
  return shown.arrows.filter((arrow) => arrow.tail === id).map((arrow) => {
    const { name, value } = shown.boxes.get(arrow.head);
    const share = arrow.flows ? arrow.share : words.nothing_through;
    const isKnownNow = value && (state.at === 0 || arrow.at <= state.at);
    return isKnownNow && share ? `${name}: ${share}` : name;
  });
}

function showDetails(id) {
  const step = steps[state.at - 1];
  const box = shown.boxes.get(id ?? (step && shown.home.get(step.tail ?? step.node)));
  const parts = box ? details(box) : [element("p", words.details_hint)];
  find(".details div").replaceChildren(...parts);
}

// The step of the moment

function showStep() {
  const step = steps[state.at - 1];
  find(".step[aria-current]")?.removeAttribute("aria-current");
  const now = find(".now");
  if (!step) {
    now.replaceChildren(element("p", words.begin.replace("{count}", last)));
    return;
  }
  const progress = words.step.replace("{step}", state.at).replace("{count}", last);
  const equation = step.item.querySelector(".equation").cloneNode(true);
  now.replaceChildren(
    element("p", progress, { class: "progress" }),
    element("p", words[step.says]),
    equation,
  );
  step.item.setAttribute("aria-current", "step");
  bringIntoView(step.item, find(".steps"));
}

function showButtons() {
  find("#place").value = state.at;
  find("#place").setAttribute("aria-valuetext", `${state.at} / ${last}`);
  for (const id of ["first", "back"]) setDisabled(id, state.at === 0);
  for (const id of ["next", "last"]) setDisabled(id, state.at === last);
  find("#play span").textContent = state.playing ? words.pause : words.play;
}

// A button that is disabled would lose the focus, and with it the arrow keys.
function setDisabled(id, disabled) {
  find(`#${id}`).setAttribute("aria-disabled", disabled);
}

function show() {
  root.classList.toggle("stepping", state.at > 0 && state.at < last);
  showKnown();
  showLit();
  showDetails();
  if (last) {
    showStep();
    showButtons();
  }
}

function go(at) {
  state.at = Math.min(last, Math.max(0, at));
  const step = steps[state.at - 1];
  const node = step && (step.tail ?? step.node);
  let trail = state.trail;
  while (node && trail.length && !homeIn(trail.at(-1), node)) trail = trail.slice(0, -1);
  if (trail !== state.trail) open(trail);
  show();
}

function homeIn(key, node) {
  const number = Number(node.slice(1));
  const has = ({ members }) => members.some(([first, end]) => first <= number && number <= end);
  return pictures[key].boxes.some(has);
}

function play(on) {
  clearInterval(state.playing);
  state.playing = 0;
  if (on) {
    if (state.at === last) go(0);
    state.playing = setInterval(() => {
      go(state.at + 1);
      if (state.at === last) play(false);
    }, 1400);
  }
  showButtons();
}

// What the reader does

const boxAt = (event) => event.target.closest?.(".box")?.dataset.node;

holder.addEventListener("mouseover", (event) => showDetails(boxAt(event)));
holder.addEventListener("mouseleave", () => showDetails(document.activeElement?.dataset?.node));
holder.addEventListener("focusin", (event) => showDetails(boxAt(event)));
holder.addEventListener("click", (event) => {
  const box = shown.boxes.get(boxAt(event));
  if (box && isGroup(box)) enter(box.id);
  else if (box) box.svg.focus({ preventScroll: true });
});

const byUser = (at) => {
  if (state.playing) play(false);
  go(at);
};
const moves = {
  first: () => byUser(0),
  back: () => byUser(state.at - 1),
  next: () => byUser(state.at + 1),
  last: () => byUser(last),
};
const keys = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last" };

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const box = shown.boxes.get(boxAt(event));
  if (box && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    if (isGroup(box)) enter(box.id);
  } else if (event.key === "Escape" && state.trail.length) {
    leave(state.trail.length - 1);
  } else if (last && keys[event.key]) {
    event.preventDefault();
    moves[keys[event.key]]();
  }
});

if (last) {
  for (const [id, move] of Object.entries(moves)) find(`#${id}`).addEventListener("click", move);
  find("#play").addEventListener("click", () => play(!state.playing));
  find("#place").max = last;
  find("#place").addEventListener("input", (event) => byUser(Number(event.target.value)));
  find(".player").hidden = false;
  find(".steps").addEventListener("click", (event) => {
    const item = event.target.closest(".step");
    if (!item) return;
    if (event.target.closest(".number")) event.preventDefault();
    byUser(steps.findIndex((step) => step.item === item) + 1);
  });
}

find("#larger").addEventListener("click", () => zoom(1.25));
find("#smaller").addEventListener("click", () => zoom(0.8));
find("#fit").addEventListener("click", () => zoom("fit"));
find("#theme").addEventListener("click", () => {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});

root.classList.add("scripted");
find(".tools").hidden = false;
find(".details").hidden = false;
// On a wide screen everything from here on fits into the window, if that is high enough.
root.style.setProperty("--above", `${find(".stage").getBoundingClientRect().top + scrollY}px`);
open([]);
follow();
addEventListener("hashchange", follow);

/** Goes to the step that the address names; the browser would scroll to its line in the list. */
function follow() {
  const [, linked] = location.hash.match(/^#step-(\d+)$/) ?? [];
  go(Number(linked ?? 0));
  if (linked) requestAnimationFrame(() => scrollTo(0, 0));
}
