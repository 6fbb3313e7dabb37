// Pictures, and files in messages: uploading them with a form; looking at pictures. Without this a form has a
// plain file input, and a picture is a link to itself.

const MOST_BYTES = 10 * 1024 * 1024;
// What a picture that is too large is made smaller to, before it is sent.
const SHRUNK_EDGE = 4096;
const SHRUNK_QUALITY = 0.9;
const THUMB_PX = 144;
const TYPES = ["image/jpeg", "image/png", "image/webp", "image/gif"];
const AT_ONCE = 2;
const MEBIBYTE = 1024 * 1024;

const { make, icon, sizeOf } = await import(document.getElementById("media-script").dataset.elements);

const tokenOf = (element) =>
  (element.closest("form")?.querySelector("[name=_csrf]") ?? document.querySelector("[name=_csrf]"))?.value ?? "";

/** A square of the middle, drawn small: a page may not show files of this machine by address. */
async function preview(file, size = THUMB_PX) {
  const canvas = make("canvas", { width: size, height: size, role: "presentation" });
  try {
    const bitmap = await createImageBitmap(file);
    const side = Math.min(bitmap.width, bitmap.height);
    const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
    canvas.getContext("2d").drawImage(bitmap, x, y, side, side, 0, 0, size, size);
    bitmap.close();
  } catch {
    // No picture that this browser can read: the server says what is wrong with it.
  }
  return canvas;
}

/** The file, or a smaller JPEG of it if it is too large to be sent. */
async function within(file) {
  if (file.size <= MOST_BYTES || file.type === "image/gif") return file;
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return file;
  const scale = Math.min(1, SHRUNK_EDGE / Math.max(bitmap.width, bitmap.height));
  const canvas = make("canvas", {
    width: Math.round(bitmap.width * scale),
    height: Math.round(bitmap.height * scale),
  });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((done) => canvas.toBlob((blob) => done(blob ?? file), "image/jpeg", SHRUNK_QUALITY));
}

/** Where uploads of a kind are, and what is said of one that is too large. */
const IMAGES = { path: "/api/v1/media", tooLarge: "An image has at most 10 MB. Please choose a smaller one." };
const FILES = { path: "/api/v1/files", tooLarge: "This file is too large to be sent here. Please choose a smaller one." };

/** Resolves to the upload, rejects with a sentence. */
function send(file, { kind, token, onProgress, request }) {
  return new Promise((done, refuse) => {
    const form = new FormData();
    form.append("file", file, file.name ?? "image.jpg");
    request.open("POST", kind.path);
    request.responseType = "json";
    request.setRequestHeader("X-CSRF-Token", token);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(loaded / total));
    request.addEventListener("load", () => {
      if (request.status === 201) done(request.response.data);
      else if (request.status === 413) refuse(kind.tooLarge);
      else refuse(request.response?.error?.message ?? "That did not work. Please try again.");
    });
    request.addEventListener("error", () => refuse("No connection. Please try again."));
    request.addEventListener("abort", () => refuse(""));
    request.send(form);
  });
}

// --------------------------------------------- images and files in a form

/** What a form's images and, where it takes them, files are up to: `settled` resolves when nothing is on its way any more. */
class Upload {
  constructor(root) {
    this.root = root;
    this.list = root.querySelector("[data-upload-list]");
    this.said = root.querySelector("[data-upload-said]");
    this.pick = root.querySelector("[data-upload-pick]");
    this.most = Number(root.dataset.most);
    // In MiB; where there is no such limit, only images can be added.
    this.mostFile = Number(root.dataset.files ?? 0);
    this.waiting = [];
    this.busy = new Set();
    this.plain = root.querySelector("[data-upload-plain]");
    this.plain.hidden = true;
    for (const input of this.plain.querySelectorAll("input")) input.disabled = true;
    this.pick.hidden = false;
    this.input = make("input", { type: "file", multiple: true, hidden: true, accept: this.mostFile ? null : TYPES.join() });
    root.append(this.input);
    this.pick.addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => {
      this.add([...this.input.files]);
      this.input.value = "";
    });
    for (const item of this.list.children) {
      // A box to untick is for whoever has no script.
      const kept = make("input", { type: "hidden", name: "media_ids", value: item.dataset.uploadItem });
      item.querySelector("[data-upload-keep]").replaceWith(kept);
      this.equip(item, item.querySelector("[data-upload-alt]"));
    }
    this.count();
  }

  get settled() {
    return Promise.allSettled([...this.busy]);
  }

  add(files) {
    const room = this.most - this.list.children.length;
    const fitting = files.filter((file) => this.mostFile || file.type.startsWith("image/") || file.type === "");
    if (fitting.length < files.length) this.say("Only images can be added here.");
    if (fitting.length > room) this.say(`At most ${this.most} ${this.mostFile ? "images and files" : "images"} fit.`);
    for (const file of fitting.slice(0, Math.max(0, room))) this.begin(file);
    this.count();
  }

  async begin(file) {
    const asFile = this.mostFile > 0 && !TYPES.includes(file.type);
    const progress = make("progress", { max: 1, value: 0, "aria-label": `Uploading ${file.name ?? "an image"}` });
    const thumb = make("span", { class: "upload__thumb" }, progress);
    const item = make("li", { class: asFile ? "upload__item upload__item--file" : "upload__item" }, thumb);
    item.file = file;
    item.kind = asFile ? FILES : IMAGES;
    if (asFile) this.equipFile(item);
    else this.equip(item, null);
    this.list.append(item);
    if (asFile && file.size > this.mostFile * MEBIBYTE) {
      progress.remove();
      this.refuse(item, `${file.name} has ${sizeOf(file.size)}. A file has at most ${this.mostFile} MB here.`);
    } else this.track(this.run(item, progress));
    thumb.prepend(asFile ? icon("file") : await preview(file));
  }

  track(promise) {
    const tracked = promise.finally(() => this.busy.delete(tracked));
    this.busy.add(tracked);
  }

  async run(item, progress) {
    await this.turn();
    try {
      if (!item.isConnected) return;
      item.request = new XMLHttpRequest();
      const file = item.kind === FILES ? item.file : await within(item.file);
      const onProgress = (share) => { progress.value = share; };
      const made = await send(file, { kind: item.kind, token: tokenOf(this.root), onProgress, request: item.request });
      if (!item.isConnected) return void this.forget(made.id, item.kind);
      item.dataset.uploadItem = made.id;
      item.append(make("input", { type: "hidden", name: "media_ids", value: made.id }));
      const alt = item.querySelector("input.input");
      if (alt?.value.trim()) this.track(this.describe(item, alt.value));
      this.say(item.kind === FILES ? `${item.file.name} is uploaded.` : `Image ${[...this.list.children].indexOf(item) + 1} is uploaded.`);
    } catch (sentence) {
      if (item.isConnected) this.refuse(item, String(sentence));
    } finally {
      progress.remove();
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  /** A few at once, in the order in which they were chosen. */
  async turn() {
    this.running = (this.running ?? 0) + 1;
    if (this.running > AT_ONCE) await new Promise((go) => this.waiting.push(go));
  }

  refuse(item, sentence) {
    item.classList.add("is-refused");
    item.querySelector(".upload__fields").replaceChildren(
      make("p", { class: "upload__problem", role: "alert" }, sentence || "That did not work."),
    );
  }

  equip(item, text) {
    const id = `alt-${Math.random().toString(36).slice(2)}`;
    const input = make("input", { class: "input", id, maxlength: 1000, autocomplete: "off" });
    input.value = text && text.textContent !== "No description" ? text.textContent : "";
    input.addEventListener("change", () => this.track(this.describe(item, input.value)));
    input.addEventListener("keydown", (event) => {
      // The form is sent by its own button.
      if (event.key === "Enter") event.preventDefault();
    });
    const fields = make(
      "div",
      { class: "upload__fields" },
      make("label", { for: id }, "What it shows, for people who cannot see it"),
      input,
    );
    text?.remove();
    this.finish(item, fields, "Remove image");
  }

  equipFile(item) {
    const name = make("span", { class: "file__name", dir: "auto" }, item.file.name);
    const about = make("span", { class: "file__about" }, sizeOf(item.file.size));
    this.finish(item, make("div", { class: "upload__fields" }, name, about), `Remove ${item.file.name}`);
  }

  /** What can be done with each of them. */
  finish(item, fields, removal) {
    const earlier = make("button", { type: "button", "data-upload-earlier": true, "aria-label": "Move earlier", title: "Move earlier" }, icon("up"));
    earlier.addEventListener("click", () => this.move(item, earlier));
    const remove = make("button", { type: "button", "aria-label": removal, title: "Remove" }, icon("close"));
    remove.addEventListener("click", () => this.remove(item));
    item.append(fields, make("span", { class: "upload__acts" }, earlier, remove));
  }

  async describe(item, alt) {
    const id = item.dataset.uploadItem;
    if (!id) return;
    const answer = await fetch(`/api/v1/media/${id}`, {
      method: "PATCH",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": tokenOf(this.root) },
      body: JSON.stringify({ alt }),
    }).catch(() => null);
    if (!answer?.ok) this.say("The description could not be kept. Please change it again.");
  }

  move(item, button) {
    item.previousElementSibling?.before(item);
    (item.previousElementSibling ? button : item.querySelector("input.input") ?? this.pick).focus();
    this.say(`Number ${[...this.list.children].indexOf(item) + 1} of ${this.list.children.length}.`);
  }

  remove(item) {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    item.request?.abort();
    if (item.dataset.uploadItem) this.forget(item.dataset.uploadItem, item.kind ?? IMAGES);
    this.say("It is removed.");
    this.count();
    (next?.querySelector(".upload__acts button:last-child") ?? this.pick).focus();
  }

  /** One that something shows already is kept by the server, which says so to nobody. */
  forget(id, kind) {
    fetch(`${kind.path}/${id}`, { method: "DELETE", headers: { "X-CSRF-Token": tokenOf(this.root) } }).catch(() => null);
  }

  count() {
    this.pick.hidden = this.list.children.length >= this.most;
    this.root.classList.toggle("has-images", this.list.children.length > 0);
  }

  clear() {
    this.list.replaceChildren();
    this.say("");
    this.count();
  }

  say(sentence) {
    this.said.textContent = sentence;
  }
}

const uploads = new WeakMap();
const uploadOf = (element) => uploads.get(element?.closest?.("form")?.querySelector("[data-upload]"));

function enhance() {
  for (const root of document.querySelectorAll("[data-upload]")) {
    if (!uploads.has(root)) uploads.set(root, new Upload(root));
  }
}

enhance();
new MutationObserver(enhance).observe(document.body, { childList: true, subtree: true });

// A form waits for what is on its way. Before all others, who would send it.
document.addEventListener(
  "submit",
  (event) => {
    const upload = uploadOf(event.target.querySelector("[data-upload]"));
    if (!upload || upload.busy.size === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    upload.say("One moment, what you attached is still on its way.");
    upload.settled.then(() => {
      upload.say("");
      event.target.requestSubmit(event.submitter);
    });
  },
  true,
);

document.addEventListener("reset", ({ target }) => uploadOf(target.querySelector("[data-upload]"))?.clear());

document.addEventListener("paste", (event) => {
  const upload = uploadOf(event.target);
  const files = [...(event.clipboardData?.files ?? [])].filter((file) => upload?.mostFile || file.type.startsWith("image/"));
  if (!upload || files.length === 0) return;
  event.preventDefault();
  upload.add(files);
});

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

document.addEventListener("dragover", (event) => {
  const upload = uploadOf(event.target);
  if (!upload || !carriesFiles(event)) return;
  event.preventDefault();
  upload.root.classList.add("is-over");
});

document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget?.closest?.("form")) uploadOf(event.target)?.root.classList.remove("is-over");
});

document.addEventListener("drop", (event) => {
  const upload = uploadOf(event.target);
  if (!upload || !carriesFiles(event)) return;
  event.preventDefault();
  upload.root.classList.remove("is-over");
  upload.add([...event.dataTransfer.files]);
});

// ---------------------------------------------------- a member's own picture

document.addEventListener("change", async ({ target }) => {
  const face = target.closest("[data-face]");
  if (!face || target.type !== "file" || !target.files[0]) return;
  face.querySelector("[data-face-now]").replaceChildren(await preview(target.files[0], 192));
});

// ------------------------------------------------------------------- blurs

// What lies under a picture would show through one that is not opaque.
const uncover = (image) => image.previousElementSibling?.matches(".picture__blur") && image.previousElementSibling.remove();
const isShown = (image) => image.matches?.(".picture__image") && image.complete && image.naturalWidth > 0;

document.addEventListener("load", ({ target }) => isShown(target) && uncover(target), true);
for (const image of document.querySelectorAll(".picture__image")) if (isShown(image)) uncover(image);

// ---------------------------------------------------------------- the viewer

let viewer = null;

function open(pictures, index) {
  viewer ??= makeViewer();
  viewer.pictures = pictures;
  viewer.show(index);
  viewer.dialog.showModal();
}

function makeViewer() {
  const image = make("img", { alt: "" });
  const number = make("p", { "aria-live": "polite" });
  // A long description scrolls, also by the keyboard.
  const alt = make("p", { class: "viewer__alt", role: "region", "aria-label": "Description" });
  const close = make("button", { type: "button", "aria-label": "Close" }, icon("close"));
  const back = make("button", { type: "button", "aria-label": "Previous image" }, icon("back"));
  const forward = make("button", { type: "button", "aria-label": "Next image" }, icon("forward"));
  const dialog = make(
    "dialog",
    { class: "viewer", "aria-label": "Image" },
    make("div", { class: "viewer__top" }, number, close),
    make("div", { class: "viewer__stage" }, image),
    make("div", { class: "viewer__foot" }, back, alt, forward),
  );
  document.body.append(dialog);
  const it = { dialog, pictures: [], at: 0, show };

  function show(index) {
    if (index < 0 || index >= it.pictures.length) return;
    it.at = index;
    const link = it.pictures[index];
    const small = link.querySelector(".picture__image");
    image.src = link.href;
    image.alt = small?.alt ?? "";
    alt.textContent = image.alt;
    alt.tabIndex = image.alt ? 0 : -1;
    number.textContent = it.pictures.length > 1 ? `${index + 1} of ${it.pictures.length}` : "";
    back.disabled = index === 0;
    forward.disabled = index === it.pictures.length - 1;
  }

  close.addEventListener("click", () => dialog.close());
  back.addEventListener("click", () => show(it.at - 1));
  forward.addEventListener("click", () => show(it.at + 1));
  dialog.addEventListener("click", ({ target }) => {
    if (target.matches(".viewer__stage, .viewer")) dialog.close();
  });
  dialog.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft") show(it.at - 1);
    if (key === "ArrowRight") show(it.at + 1);
  });
  dialog.addEventListener("close", () => image.removeAttribute("src"));
  return it;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-picture]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const pictures = [...(link.closest("[data-gallery]")?.querySelectorAll("[data-picture]") ?? [link])];
  open(pictures, pictures.indexOf(link));
});
