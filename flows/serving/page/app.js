"use strict";
// The page keeps what is chosen to itself and sends it along with each request: nothing is stored of its visitors.
const at = (id) => document.getElementById(id);
const chosen = new Map();
const carriedBy = { popularity: "popular", real: "from what you chose", virtual: "from what people like you choose next" };
let places = new Map();
let asked = 0;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function named(item) {
  const below = [item.title ? item.item_id : null, ...item.categories].filter(Boolean).join(" · ");
  const name = element("span", { className: "name" }, item.title || `Product ${item.item_id}`);
  if (below) name.append(element("small", {}, below));
  return name;
}

function words(item) {
  return item.title || `Product ${item.item_id}`;
}

async function ask(path, body) {
  const headers = { "content-type": "application/json" };
  const token = sessionStorage.getItem("token");
  if (token) headers.authorization = `Bearer ${token}`;
  const options = body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers };
  const response = await fetch(path, options);
  if (response.status === 401) at("access").hidden = false;
  const content = await response.json();
  if (!response.ok) throw new Error([content.error, ...content.fields.map((one) => `${one.field}: ${one.problem}`)].join(" – "));
  return content;
}

function say(text, problem = false) {
  at("status").textContent = text;
  at("status").className = problem ? "problem" : "";
}

const events = () => [...chosen.keys()].map((item_id) => ({ item_id }));

function choose(item) {
  chosen.set(item.item_id, item);
  showChosen();
  recommend(`after ${words(item)}`);
}

function showChosen() {
  at("none").hidden = at("clear").hidden = false;
  at("none").hidden = chosen.size > 0;
  at("clear").hidden = chosen.size === 0;
  at("chosen").replaceChildren(...[...chosen.values()].map((item) => {
    const remove = element("button", { type: "button", textContent: "Remove" });
    remove.setAttribute("aria-label", `Remove ${words(item)}`);
    remove.onclick = () => { chosen.delete(item.item_id); showChosen(); at("query").focus(); recommend(`without ${words(item)}`); };
    return element("li", {}, named(item), remove);
  }));
}

function movement(item, first) {
  if (first) return "";
  const before = places.get(item.item_id);
  if (before === undefined) return "new";
  return before === item.rank ? "" : before > item.rank ? `up ${before - item.rank}` : `down ${item.rank - before}`;
}

async function recommend(why) {
  const mine = ++asked;
  try {
    const found = await ask("/v1/recommend", { events: events(), k: 10 });
    if (mine !== asked) return;
    const first = places.size === 0;
    at("model").textContent = found.model;
    at("recommended").replaceChildren(...found.items.map((item) => row(item, movement(item, first))));
    places = new Map(found.items.map((item) => [item.item_id, item.rank]));
    say(`${found.items.length} products ${why}`);
  } catch (error) {
    if (mine === asked) say(error.message, true);
  }
}

function row(item, moved) {
  const name = named(item);
  name.append(element("small", {}, carriedBy[item.evidence]));
  const add = element("button", { type: "button", textContent: "Choose" });
  add.setAttribute("aria-label", `Choose ${words(item)}`);
  add.onclick = () => { choose(item); at("list").scrollIntoView({ block: "nearest" }); at("recommended").querySelector("button")?.focus(); };
  const why = element("button", { type: "button", textContent: "Why?" });
  why.setAttribute("aria-label", `Why ${words(item)}?`);
  why.setAttribute("aria-expanded", "false");
  const line = element("li", {}, name, element("span", { className: "moved", textContent: moved }), why, add);
  why.onclick = () => explain(item, line, why);
  return line;
}

async function explain(item, line, button) {
  const open = line.querySelector(".why");
  button.setAttribute("aria-expanded", String(!open));
  if (open) return open.remove();
  const box = element("div", { className: "why" }, element("p", {}, "…"));
  line.append(box);
  try {
    const found = await ask("/v1/explain", { events: events(), item_id: item.item_id, most: 3 });
    const tables = [["You chose", found.support], ["People like you choose next", found.virtual]]
      .map(([caption, reasons]) => [caption, reasons.filter((one) => one.score.toFixed(3) !== "0.000")]);
    box.replaceChildren(element("p", {}, found.words), ...tables.filter(([, reasons]) => reasons.length).map(table));
    const others = new Map();
    for (const common of found.neighbours.map((one) => one.shared.map(words).join(", ")).filter(Boolean)) {
      others.set(common, (others.get(common) ?? 0) + 1);
    }
    const told = [...others].map(([common, count]) => `${count} who also chose ${common}`);
    if (told.length) box.append(element("p", {}, `Taken by others most like you: ${told.join("; ")}`));
  } catch (error) {
    box.replaceChildren(element("p", { className: "problem" }, error.message));
  }
}

function table([caption, reasons]) {
  const body = reasons.map((one) => element("tr", {}, element("td", {}, words(one)), element("td", {}, one.score.toFixed(3))));
  return element("table", {}, element("caption", {}, caption), ...body);
}

async function search() {
  const query = at("query").value.trim();
  try {
    const found = await ask(`/v1/items?limit=8&query=${encodeURIComponent(query)}`);
    if (query !== at("query").value.trim()) return;
    at("found").replaceChildren(...found.items.map((item) => {
      const button = element("button", { type: "button" }, named(item));
      button.setAttribute("aria-label", `Choose ${words(item)}`);
      button.onclick = () => { choose(item); at("query").focus(); };
      return element("li", {}, button);
    }));
  } catch (error) {
    say(error.message, true);
  }
}

let typing;
at("query").oninput = () => { clearTimeout(typing); typing = setTimeout(search, 150); };
at("query").onkeydown = (event) => { if (event.key === "ArrowDown") { event.preventDefault(); at("found").querySelector("button")?.focus(); } };
at("found").onkeydown = (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...at("found").querySelectorAll("button")];
  (buttons[buttons.indexOf(document.activeElement) + step] || at("query")).focus();
};
at("clear").onclick = () => { chosen.clear(); showChosen(); at("query").focus(); recommend("without any choice"); };
at("access").onsubmit = (event) => { event.preventDefault(); sessionStorage.setItem("token", at("token").value); at("access").hidden = true; search(); recommend("for a new visitor"); };
search();
recommend("for a new visitor");
