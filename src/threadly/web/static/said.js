// How a message looks: what the pages of the server draw (templates/messaging/_bits.html), drawn for what arrives.

const chat = document.getElementById("chat");
const { make, icon, sizeOf } = await import(chat.dataset.elements);
const me = chat.dataset.me;
const open = chat.dataset.open;

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });

export function time(iso) {
  const at = new Date(iso);
  return make("time", { datetime: iso, title: clock.format(at), "data-moment": true }, "now");
}

const LINK = /https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/gi;

function linked(content) {
  const parts = [];
  let end = 0;
  for (const found of content.matchAll(LINK)) {
    parts.push(content.slice(end, found.index));
    parts.push(make("a", { href: found[0], rel: "nofollow ugc noopener" }, found[0]));
    end = found.index + found[0].length;
  }
  parts.push(content.slice(end));
  return parts;
}

const HUES = 12;
const CRC = Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit += 1) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

/** The colour that the server gives somebody, too. */
function hueOf(seed) {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(seed)) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ((crc ^ 0xffffffff) >>> 0) % HUES;
}

function face(message) {
  const name = message.sender?.name ?? "?";
  const words = name.split(/\s+/).filter(Boolean);
  const initials = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => word?.[0]?.toUpperCase() ?? "");
  const avatar = make("span", { class: `avatar avatar--m hue-${hueOf(message.sender_id)}`, "aria-hidden": "true" });
  if (message.sender?.avatar_url) avatar.append(make("img", { src: message.sender.avatar_url, alt: "" }));
  else avatar.append(initials.join(""));
  return make("span", { class: "said__face" }, avatar);
}

const NOTICES = {
  created: "started this group",
  renamed: "gave the group another name",
  added: "added",
  removed: "removed",
  left: "left the group",
};
const CALLS = { missed: "Missed call", declined: "Call declined", cancelled: "Call cancelled" };

export function lineOf(message) {
  if (message.kind === "call") {
    if (!/^\d+$/.test(message.content)) return CALLS[message.content] ?? "Call";
    const seconds = Number(message.content);
    return `Call, ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
  const who = message.sender_id === me ? "You" : message.sender?.name ?? "Somebody who left";
  const what = NOTICES[message.content] ?? message.content;
  if (message.content !== "added" && message.content !== "removed") return `${who} ${what}`;
  // As the server joins them, without a comma before the last.
  const names = new Intl.ListFormat("en-GB").format(message.about);
  return `${who} ${what} ${names || "Somebody who left"}`;
}

function pictures(media) {
  if (!media.length) return null;
  const count = media.length < 5 ? media.length : "many";
  const list = make("ul", { class: `gallery gallery--${count}`, "data-gallery": true, "aria-label": "Pictures in this message" });
  for (const it of media) {
    const image = make("img", { class: "picture__image", src: it.thumbnail_url, width: it.width, height: it.height, alt: it.alt || "Image without a description" });
    const link = make("a", { class: "gallery__open", href: it.url, "data-picture": true }, make("span", { class: "picture" }, image));
    list.append(make("li", { class: "gallery__item" }, link));
  }
  return list;
}

const SORTS = {
  archive: "Archive",
  audio: "Audio",
  document: "Document",
  drawing: "SVG drawing",
  file: "File",
  image: "Image",
  page: "Web page",
  pdf: "PDF",
  program: "Program",
  text: "Text",
  video: "Video",
};

function files(carried) {
  if (!carried.length) return null;
  const list = make("ul", { class: "files", "aria-label": "Files in this message" });
  for (const it of carried) {
    const about = `${SORTS[it.sort] ?? "File"}, ${sizeOf(it.size_bytes)}`;
    const name = make("span", { class: "file__name", dir: "auto" }, it.name);
    const link = make("a", { class: "file", href: it.url }, icon("file"), name, make("span", { class: "file__about" }, about));
    list.append(make("li", {}, link));
  }
  return list;
}

/** What a message says, in a line: its text, or what it carries instead. */
export function gistOf(message) {
  if (message.state === "blocked") return "A message of somebody you block";
  if (message.content) return message.content;
  if (message.media.length) return "Picture";
  const names = message.files.map((it) => it.name);
  return names.length === 1 ? `File: ${names[0]}` : `Files: ${names.join(", ")}`;
}

function bodyOf(message, mine) {
  if (message.state === "deleted") return [make("p", { class: "said__gone" }, "This message was deleted.")];
  if (message.state === "hidden" && !mine) {
    return [make("p", { class: "said__gone" }, "A moderator has hidden this message.")];
  }
  if (message.state === "blocked") {
    const unblock = make("a", { href: "/settings/blocked" }, "Unblock them to read it");
    return [make("p", { class: "said__gone" }, "A message of somebody you block. ", unblock)];
  }
  const body = [];
  if (message.content) body.push(make("div", { class: "said__text", dir: "auto" }, ...linked(message.content)));
  body.push(pictures(message.media), files(message.files));
  if (message.state === "held" || message.state === "hidden") {
    const held = message.state === "held";
    const sentence = held ? "Only you see this until a moderator has looked at it. " : "Only you see this: it is hidden. ";
    const why = make("a", { href: `/messages/${message.conversation_id}/texts/${message.id}/why` }, "Why, and what you can do");
    body.push(make("p", { class: "said__note" }, icon(held ? "clock" : "alert"), make("span", {}, sentence, why)));
  }
  return body;
}

function menuOf(message, mine) {
  if (message.state !== "sent" || message.kind !== "text" || !message.id) return null;
  const panel = make("div", { class: "menu__panel" });
  if (mine) {
    const token = document.querySelector("[name=_csrf]").value;
    const form = make(
      "form",
      { method: "post", action: `/messages/${open}/texts/${message.id}/delete`, "data-confirm": "Delete this message?", "data-confirm-text": "It is gone for everybody in this conversation.", "data-confirm-yes": "Delete" },
      make("input", { type: "hidden", name: "_csrf", value: token }),
      make("button", { class: "menu__item menu__item--danger", type: "submit" }, icon("trash"), "Delete"),
    );
    panel.append(make("a", { class: "menu__item", href: `/messages/${open}?edit=${message.id}#message-${message.id}` }, icon("edit"), "Edit"), form);
  } else {
    panel.append(make("a", { class: "menu__item", href: `/messages/${open}/texts/${message.id}/report` }, icon("alert"), "Report"));
  }
  const summary = make("summary", { class: "act act--icon", "aria-label": "More about this message" }, icon("more"));
  return make("details", { class: "menu said__menu", "data-menu": true }, summary, panel);
}

export function bubble(message) {
  const mine = message.sender_id === me;
  const common = { id: `message-${message.id}`, "data-message": message.id, "data-seq": message.seq, "data-change": message.change };
  if (message.kind !== "text") {
    return make("li", { class: "chat__line", ...common }, make("span", {}, lineOf(message)), " ", time(message.created_at));
  }
  const foot = make("p", { class: "said__foot" });
  if (message.edited_at && message.state === "sent") foot.append(make("span", {}, "edited"), " ");
  foot.append(time(message.created_at));
  if (mine) foot.append(make("span", { class: "said__mark", "data-mark": true }));
  const who = make("p", { class: "said__who" }, make("span", { class: mine ? "visually-hidden" : null }, mine ? "You" : message.sender?.name ?? "Somebody who left"));
  return make(
    "li",
    { class: mine ? "said said--mine" : "said", ...common },
    mine ? null : face(message),
    make("div", { class: "said__bubble" }, who, ...bodyOf(message, mine), foot),
    menuOf(message, mine),
  );
}

