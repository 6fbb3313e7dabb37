// What the pages of the shop do beyond links and forms. Everything here is an extra: without it they still work.

// --------------------------------------------------------- which of several

/** Keeps the plain select and the radio buttons of a product's options one and the same choice. */
function chooseVariant(form) {
  const select = form.querySelector("select[name=variant_id]");
  const choices = [...form.querySelectorAll("[data-choice]")];
  if (!select || choices.length === 0) return;
  const variants = [...select.options].map((option) => ({ option, values: JSON.parse(option.dataset.values) }));
  const chosen = () => choices.map((choice) => choice.querySelector(":checked")?.value);
  const fits = (variant, values) => values.every((value, index) => variant.values[index] === value);

  function show() {
    const values = chosen();
    choices.forEach((choice, index) => {
      for (const radio of choice.querySelectorAll("input")) {
        const others = values.with(index, radio.value);
        const found = variants.find((variant) => fits(variant, others));
        radio.parentElement.toggleAttribute("data-none", !found || found.option.dataset.stock === "out");
      }
    });
    const found = variants.find((variant) => fits(variant, values));
    if (found) found.option.selected = true;
    tell(form, found?.option.dataset);
  }

  form.addEventListener("change", ({ target }) => {
    if (target.closest("[data-choice]")) show();
  });
  show();
}

/** Price and stock of the variant that is chosen; without one, that it is not made. */
function tell(form, about) {
  const page = form.closest("article");
  const within = (name) => page.querySelector(`[data-${name}]`);
  if (about) {
    within("price").textContent = about.price;
    within("before").hidden = !about.before;
    within("before-price").textContent = about.before;
    within("saving").hidden = about.saving === "0";
    within("saving-percent").textContent = about.saving;
  }
  const note = within("stock-note").firstElementChild;
  note.className = `stock stock--${about?.stock ?? "out"}`;
  note.textContent = about?.stockText ?? "Not made like this";
  const none = (about?.stock ?? "out") === "out";
  for (const button of form.querySelectorAll("[name=then]")) button.disabled = none;
  const amount = form.elements.quantity;
  if (about) amount.max = about.most;
  if (Number(amount.value) > Number(amount.max)) amount.value = amount.max;
  bound(amount);
}

// ------------------------------------------------------------- how many

function bound(input) {
  for (const button of input.parentElement.querySelectorAll("[data-step]")) {
    const next = Number(input.value) + Number(button.dataset.step);
    button.disabled = next < Number(input.min) || next > Number(input.max);
  }
}

const RECOUNT_MS = 500;
const due = new WeakMap();

/** In the cart a new number counts by itself, once no other follows it. */
function recountSoon(form) {
  clearTimeout(due.get(form));
  due.set(form, setTimeout(() => form.isConnected && form.reportValidity() && form.requestSubmit(), RECOUNT_MS));
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-step]");
  if (!button) return;
  const input = button.parentElement.querySelector("input");
  input.value = Number(input.value) + Number(button.dataset.step);
  input.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-amount] input")) return;
  bound(target);
  const form = target.closest("[data-recount]");
  if (form && target.value) recountSoon(form);
});

// ------------------------------------------------------------- filters

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-filters] :is(select, [type=checkbox])")) target.form.requestSubmit();
});

// ------------------------------------------------------------------ paying

document.addEventListener("submit", ({ defaultPrevented, submitter }) => {
  if (!defaultPrevented && submitter?.matches("[data-pay]")) busy(submitter, true);
});

/** Disabled, the button would not be sent along; a second click is harmless anyway. */
function busy(button, on) {
  const label = button.querySelector("[data-pay-label]");
  button.dataset.idle ??= label.textContent;
  label.textContent = on ? button.dataset.pay : button.dataset.idle;
  button.classList.toggle("is-busy", on);
}

addEventListener("pageshow", ({ persisted }) => {
  if (persisted) for (const button of document.querySelectorAll(".is-busy")) busy(button, false);
});

/** Fields for a card, which are Stripe's own: the number never comes here, only a token for it. */
function takeCards(form, box) {
  const problem = box.querySelector("[data-stripe-problem]");
  if (!window.Stripe) {
    problem.hidden = false;
    problem.textContent = "The fields for a card could not be loaded. Load the page again, or pay another way.";
    return;
  }
  const stripe = Stripe(box.dataset.stripe);
  const ink = getComputedStyle(form);
  const style = { base: { color: ink.color, fontSize: "16px", fontFamily: "system-ui, sans-serif" } };
  const card = stripe.elements().create("card", { style, hidePostalCode: true });
  const wanted = () => [form.elements.method.value, form.elements.also?.value].includes("stripe");
  card.mount(`#${box.dataset.stripeAt}`);
  let asking = false;
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.value !== "pay" || !wanted() || form.elements.stripe_token.value) return;
    event.preventDefault();
    // A second click would get a second token, and so be another checkout.
    if (asking) return;
    asking = true;
    const button = event.submitter;
    busy(button, true);
    const { name, email } = form.elements;
    const holder = { name: name.value || undefined, email: email.value || undefined };
    const made = await stripe
      .createPaymentMethod({ type: "card", card, billing_details: holder })
      .catch(({ message }) => ({ error: { message } }));
    asking = false;
    problem.hidden = !made.error;
    problem.textContent = made.error?.message ?? "";
    busy(button, false);
    if (made.error) return;
    form.elements.stripe_token.value = made.paymentMethod.id;
    // Not within the same submission, which would swallow it.
    setTimeout(() => form.requestSubmit(button));
  });
}

// -------------------------------------------------------------- live orders

const ORDER_AGAIN_MS = 3000;

/** Keeps the page of an order up to date: the stream only says which state it is in. */
function followOrder(order) {
  let stream = null;
  let again = null;

  async function refresh() {
    try {
      const answer = await fetch(order.dataset.orderPage, { headers: { "HX-Request": "true", Accept: "text/html" } });
      if (answer.status !== 200) return;
      order.innerHTML = await answer.text();
      htmx.process(order);
      document.getElementById("order-news").textContent = order.querySelector("h1").textContent;
    } catch {
      // Offline: the stream reconnects by itself, and tells the state anew.
    }
  }

  function connect() {
    stream = new EventSource(order.dataset.orderStream);
    stream.addEventListener("state", ({ data }) => {
      if (JSON.parse(data).state !== order.querySelector("[data-state]").dataset.state) refresh();
    });
    stream.addEventListener("error", ({ target }) => {
      if (target.readyState === EventSource.CLOSED) again = setTimeout(connect, ORDER_AGAIN_MS * (1 + Math.random()));
    });
  }

  connect();
  addEventListener("pagehide", () => {
    clearTimeout(again);
    stream.close();
  });
  addEventListener("pageshow", ({ persisted }) => persisted && connect());
}

// ------------------------------------------------------------------- start

function enhance() {
  for (const button of document.querySelectorAll("[data-step]")) button.hidden = false;
  for (const input of document.querySelectorAll("[data-amount] input")) bound(input);
}

for (const form of document.querySelectorAll("[data-buy]")) chooseVariant(form);
enhance();
document.addEventListener("htmx:after:swap", enhance);
for (const box of document.querySelectorAll("[data-stripe]")) takeCards(box.closest("form"), box);
for (const order of document.querySelectorAll("[data-order-stream]")) followOrder(order);
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
// Back from where the payment was approved: nothing is left to say.
document.querySelector("form[data-at-once]")?.requestSubmit(document.querySelector("[data-pay]"));
