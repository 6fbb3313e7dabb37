// Conversations as they happen. Without this the pages work by links and forms.

const TYPING_EVERY_MS = 3_000;
const TYPING_SHOWN_MS = 5_000;
const MARK_AFTER_MS = 250;

const chat = document.getElementById("chat");
const [{ Socket }, { bubble, gistOf, lineOf, time }] = await Promise.all([
  import(chat.dataset.socket),
  import(chat.dataset.said),
]);
const byId = (id) => document.getElementById(id);
const me = chat.dataset.me;
const open = chat.dataset.open;
const texts = byId("texts");
const scroll = byId("scroll");
const talks = byId("talks");
const members = new Map(
  JSON.parse(byId("members")?.dataset.members ?? "[]").map((member) => [member.id, member]),
);
let change = Number(chat.dataset.change ?? 0);
let lastSeq = Number(chat.dataset.last ?? 0);

// ------------------------------------------------------------------ messages

const isAtEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };

/** Puts a message where its number says, or in the place of what it was before. */
function show(message) {
  const before = byId(`message-${message.id}`);
  if (before && Number(before.dataset.change) >= message.change) return false;
  if (before?.querySelector(".said__edit")) return false;
  const stay = !isAtEnd();
  const element = bubble(message);
  if (before && Number(before.dataset.seq) === message.seq) before.replaceWith(element);
  else {
    before?.remove();
    const after = [...texts.querySelectorAll("[data-seq]")].findLast((it) => Number(it.dataset.seq) < message.seq);
    const first = texts.querySelector("[data-seq]");
    // Older than all that is shown: whoever asks for earlier messages will see it.
    if (!after && first && texts.querySelector(".more")) return false;
    if (after) after.after(element);
    else if (first) first.before(element);
    else texts.append(element);
  }
  for (const pending of texts.querySelectorAll(".said--pending")) texts.append(pending);
  byId("nothing")?.remove();
  if (!stay) toEnd();
  return true;
}

function hearMessage(message) {
  if (message.conversation_id === open) {
    const isNew = message.seq > lastSeq;
    if (message.client_id) byId(`pending-${message.client_id}`)?.remove();
    show(message);
    change = Math.max(change, message.change);
    lastSeq = Math.max(lastSeq, message.seq);
    if (isNew && message.sender_id !== me) {
      hush(message.sender_id);
      if (message.kind === "text") seeOnline(message.sender_id);
      if (message.kind === "text" && message.state !== "blocked") byId("live").textContent = `${message.sender?.name ?? ""}: ${gistOf(message)}`;
    }
    mark();
    showMarks();
    if (message.kind === "notice") readMembers();
  } else if (message.sender_id !== me) {
    socket.tell("mark", { conversation_id: message.conversation_id, delivered_seq: message.seq });
  }
  list(message);
}

// ---------------------------------------------------------------------- list

let relisting;

/** The list anew, soon: for what this page cannot know by itself. */
function relist() {
  clearTimeout(relisting);
  relisting = setTimeout(async () => {
    const answer = await fetch(`/messages/list?current=${open ?? ""}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) return;
    talks.innerHTML = await answer.text();
    talks.hidden = false;
    talks.parentElement.querySelector(".empty")?.remove();
    if (window.htmx) window.htmx.process(talks);
    badge();
    watch();
  }, 150);
}

function list(message) {
  const entry = talks.querySelector(`[data-talk="${message.conversation_id}"]`);
  if (!entry || message.kind === "notice" || message.state !== "sent") {
    relist();
    return;
  }
  const seen = Number(entry.dataset.seq ?? 0);
  if (message.seq < seen) return;
  entry.dataset.seq = message.seq;
  const mine = message.sender_id === me;
  const who = mine ? "You: " : entry.querySelector("[data-person]") ? "" : `${message.sender?.name.split(" ")[0] ?? ""}: `;
  const said = message.kind === "call" ? lineOf(message) : who + gistOf(message);
  entry.querySelector("[data-preview]").textContent = said.replaceAll("\n", " ").slice(0, 90);
  entry.querySelector("time").replaceWith(time(message.created_at));
  if (message.seq > seen && !message.edited_at) {
    talks.prepend(entry);
    const reading = message.conversation_id === open && !document.hidden;
    if (!mine && !reading) count(entry, Number(entry.querySelector("[data-number]").textContent) + 1);
  }
}

function count(entry, number) {
  entry.querySelector("[data-number]").textContent = number;
  entry.querySelector("[data-count]").hidden = number === 0;
  badge();
}

function badge() {
  const unread = talks.querySelectorAll("[data-count]:not([hidden])").length;
  const number = document.querySelector("#talks-unread .counted__number");
  if (!number) return;
  number.hidden = unread === 0;
  number.dataset.count = unread;
  number.querySelector("[data-shown]").textContent = unread;
}

// --------------------------------------------------------------------- marks

let marking;
let marked = 0;

/** What is in sight is read; what has only arrived is delivered. */
function mark() {
  clearTimeout(marking);
  marking = setTimeout(() => {
    if (!open || lastSeq <= marked) return;
    if (document.hidden) {
      socket.tell("mark", { conversation_id: open, delivered_seq: lastSeq });
      return;
    }
    marked = lastSeq;
    socket.tell("mark", { conversation_id: open, read_seq: lastSeq });
    const entry = talks.querySelector(`[data-talk="${open}"]`);
    if (entry) count(entry, 0);
  }, MARK_AFTER_MS);
}

function hearMarks({ conversation_id: where, user_id: who, read_seq: read, delivered_seq: delivered }) {
  if (where !== open) {
    const entry = who === me && talks.querySelector(`[data-talk="${where}"]`);
    if (entry) relist();
    return;
  }
  const member = members.get(who);
  if (member) Object.assign(member, { read_seq: Math.max(member.read_seq, read), delivered_seq: Math.max(member.delivered_seq, delivered) });
  showMarks();
}

/** Who is in it, and how far each has got: after a loss, and when somebody came or went. */
async function readMembers() {
  const answer = await fetch(`/api/v1/conversations/${open}/members`).catch(() => null);
  if (answer?.status === 404) location.assign("/messages");
  if (!answer?.ok) return;
  const { data } = await answer.json();
  members.clear();
  for (const member of data) members.set(member.id, member);
  for (const who of typists.keys()) if (!members.has(who)) hush(who);
  if (chat.dataset.kind === "group") {
    const status = byId("status");
    status.textContent = status.dataset.plain = `${members.size} members`;
  }
  showMarks();
}

function showMarks() {
  if (!texts) return;
  for (const it of texts.querySelectorAll("[data-mark]")) it.textContent = "";
  const last = [...texts.querySelectorAll(".said--mine[data-seq]")].at(-1);
  const place = last?.querySelector("[data-mark]");
  if (!place) return;
  const others = [...members.values()].filter((member) => member.id !== me);
  const seq = Number(last.dataset.seq);
  const read = others.filter((member) => member.read_seq >= seq).length;
  const delivered = others.some((member) => member.delivered_seq >= seq);
  const said = read && others.length > 1 ? `Read by ${read}` : read ? "Read" : delivered ? "Delivered" : "Sent";
  place.textContent = ` · ${said}`;
}

// -------------------------------------------------------- typing, presence

const typists = new Map();

function hearTyping({ conversation_id: where, user_id: who }) {
  if (where !== open || !members.has(who)) return;
  clearTimeout(typists.get(who));
  typists.set(who, setTimeout(() => hush(who), TYPING_SHOWN_MS));
  seeOnline(who);
  showTyping();
}

function hush(who) {
  clearTimeout(typists.get(who));
  typists.delete(who);
  showTyping();
}

function showTyping() {
  const names = [...typists.keys()].map((who) => members.get(who).name.split(" ")[0]);
  const stay = !isAtEnd();
  byId("typing").textContent = names.length === 0 ? "" : `${new Intl.ListFormat("en").format(names.slice(0, 3))} ${names.length === 1 ? "is" : "are"} writing…`;
  if (!stay) toEnd();
}

function watch() {
  const people = new Set([...document.querySelectorAll("#chat [data-person]")].map((it) => it.dataset.person));
  if (people.size === 0) return;
  socket.ask("presence.watch", { user_ids: [...people].slice(0, 50) }).then(hearPresence, () => {});
}

/** Who writes is there; for the others the server looks now and then. */
function seeOnline(who) {
  for (const it of document.querySelectorAll(`#chat [data-person="${who}"]`)) it.classList.add("is-online");
  const status = byId("status");
  if (status && document.querySelector(`.chat__open [data-person="${who}"]`)) status.textContent = "Online";
}

function hearPresence({ online }) {
  for (const it of document.querySelectorAll("#chat [data-person]")) {
    it.classList.toggle("is-online", online.includes(it.dataset.person));
  }
  const status = byId("status");
  const other = document.querySelector(".chat__open [data-person]")?.dataset.person;
  if (status && other) status.textContent = online.includes(other) ? "Online" : status.dataset.plain;
}

// --------------------------------------------------------------------- calls

const ringing = byId("ringing");

function hearCall(call) {
  if (call.callee.id !== me) return;
  if (call.state !== "ringing") {
    if (ringing.dataset.call === call.id) ringing.close("");
    return;
  }
  if (ringing.open) return;
  ringing.dataset.call = call.id;
  ringing.dataset.conversation = call.conversation_id;
  ringing.querySelector("h2").textContent = `${call.caller.name} is calling`;
  ringing.querySelector("[data-text]").textContent = call.media === "video" ? "A video call." : "A call.";
  ringing.returnValue = "";
  ringing.showModal();
}

ringing?.addEventListener("close", () => {
  const { call, conversation } = ringing.dataset;
  if (ringing.returnValue === "answer") location.assign(`/messages/${conversation}/call?call=${call}`);
  if (ringing.returnValue === "decline") socket.ask("call.end", { call_id: call }).catch(() => {});
});

// Closing it by the keyboard is no answer yet: it goes on ringing elsewhere.
ringing?.addEventListener("cancel", () => { ringing.returnValue = ""; });

// ------------------------------------------------------------------- writing

const writer = byId("writer");
const area = byId("content");
const refused = byId("refused");
let typedAt = 0;

/** For browsers that cannot do it by style (`field-sizing`). */
function grow() {
  if (CSS.supports("field-sizing", "content")) return;
  area.rows = Math.min(6, area.value.split("\n").length);
}

function refuse(sentence) {
  refused.textContent = sentence;
  refused.hidden = !sentence;
}

function pend(clientId, content, attached) {
  const element = bubble({
    id: "", conversation_id: open, seq: "", change: 0, kind: "text", state: "sent", content, media: [], files: [], about: [],
    sender_id: me, sender: null, client_id: clientId, created_at: new Date().toISOString(), edited_at: null,
  });
  element.id = `pending-${clientId}`;
  element.classList.add("said--pending");
  for (const name of ["message", "seq", "change"]) delete element.dataset[name];
  element.querySelector("[data-mark]").textContent = attached ? " · Sending what is attached…" : " · Sending…";
  texts.append(element);
  byId("nothing")?.remove();
  toEnd();
  return element;
}

async function send() {
  const content = area.value;
  const attached = new FormData(writer).getAll("media_ids");
  if (!content.trim() && attached.length === 0) return;
  // Counted as the server does; what is too long stays where it is, to be cut.
  if ([...content.trim().normalize("NFC")].length > Number(area.dataset.most)) {
    refuse(area.dataset.tooLong);
    return;
  }
  refuse("");
  const items = [...writer.querySelectorAll("[data-upload-list] > *")];
  const clientId = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const pending = pend(clientId, content.trim(), attached.length);
  writer.reset();
  grow();
  typedAt = 0;
  try {
    const command = { conversation_id: open, content, media_ids: attached, client_id: clientId };
    const message = await socket.ask("message.send", command, { again: true });
    pending.remove();
    hearMessage(message);
  } catch (problem) {
    pending.remove();
    refuse(problem.message);
    putBack(content, items);
  }
}

/** What was refused, before what was begun meanwhile. */
function putBack(content, items) {
  area.value = area.value && content ? `${content}\n${area.value}` : content || area.value;
  if (items.length) {
    const root = writer.querySelector("[data-upload]");
    const list = root.querySelector("[data-upload-list]");
    list.prepend(...items);
    root.classList.add("has-images");
    root.querySelector("[data-upload-pick]").hidden = list.children.length >= Number(root.dataset.most);
  }
  area.focus();
  grow();
}

if (writer) {
  writer.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  area.addEventListener("input", () => {
    grow();
    if (Date.now() - typedAt > TYPING_EVERY_MS && area.value) {
      typedAt = Date.now();
      socket.tell("typing", { conversation_id: open });
    }
  });
  area.addEventListener("keydown", (event) => {
    // On a telephone the key makes a new line, and the button sends.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    writer.requestSubmit();
  });
}

// ---------------------------------------------------------------- connection

const socket = new Socket({
  onFrame(frame) {
    switch (frame.type) {
      case "message": hearMessage(frame.message); break;
      case "marks": hearMarks(frame); break;
      case "typing": hearTyping(frame); break;
      case "presence": hearPresence(frame); break;
      case "call": hearCall(frame.call); break;
      case "conversation": relist(); break;
      case "left":
        if (frame.conversation_id === open) location.assign("/messages");
        else relist();
        break;
    }
  },
  onOpen(again) {
    if (open) socket.ask("resume", { conversations: { [open]: change } }).then(mark, () => {});
    if (again && open) readMembers();
    if (again) relist();
    watch();
  },
  onState(state) {
    chat.dataset.connection = state;
  },
});

document.addEventListener("visibilitychange", () => document.hidden || mark());

if (scroll) {
  const named = location.hash.startsWith("#message-") && document.querySelector(location.hash);
  if (named) named.scrollIntoView({ block: "center" });
  else toEnd();
  showMarks();
  mark();
  if (matchMedia("(pointer: fine)").matches && !document.querySelector(".said__edit")) area?.focus({ preventScroll: true });
}
