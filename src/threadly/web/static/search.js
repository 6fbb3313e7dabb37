// The search box: the key "/" leads to it, and what somebody types is met with suggestions, as a combobox with a
// list (WAI-ARIA). Without this script it is a field of a form.

const WAIT_MS = 120;
const SHORTEST = 2;

const box = document.querySelector("[data-search-box]");

const isTyping = (element) => element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  if (box?.checkVisibility()) {
    box.focus();
    box.select();
  } else {
    location.assign("/search");
  }
});

if (box) combobox(box, document.getElementById("search-options"));

function combobox(input, list) {
  let timer = 0;
  let asking = null;

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  close();

  input.addEventListener("input", () => {
    clearTimeout(timer);
    asking?.abort();
    if (input.value.trim().length < SHORTEST) close();
    else timer = setTimeout(ask, WAIT_MS);
  });

  input.addEventListener("keydown", (event) => {
    const options = [...list.children];
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden || !options.length) return;
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      // Past either end is the box itself.
      select(options[at === -1 && step === -1 ? options.length - 1 : at + step]);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      go(options[at]);
    }
  });

  input.addEventListener("blur", () => close());
  // Before the blur that a press brings.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) go(option);
  });

  async function ask() {
    asking = new AbortController();
    const typed = input.value;
    try {
      const answer = await fetch(`/search/suggestions?q=${encodeURIComponent(typed)}`, { signal: asking.signal });
      if (!answer.ok) return close();
      const found = await answer.text();
      if (typed !== input.value || document.activeElement !== input) return;
      list.innerHTML = found; // escaped by the server, as any page
      if (list.children.length) open();
      else close();
    } catch {
      // A later question took its place, or there is no network: the form still works.
    }
  }

  function open() {
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    select();
  }

  function close() {
    list.hidden = true;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function select(wanted) {
    for (const option of list.children) option.setAttribute("aria-selected", String(option === wanted));
    if (wanted) {
      input.setAttribute("aria-activedescendant", wanted.id);
      wanted.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function go(option) {
    location.assign(option.dataset.url);
  }
}
