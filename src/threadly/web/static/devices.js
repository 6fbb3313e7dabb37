// Settings, browsers: asks this browser for a push subscription and hands it over.

const section = document.querySelector("[data-push]");
const add = section.querySelector("[data-push-add]");
const says = section.querySelector("[data-push-says]");
const API = "/api/v1/notifications/browsers";

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
const same = (left, right) => left.length === right.length && left.every((each, at) => each === right[at]);

const save = async (subscription) => {
  const answer = await fetch(API, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": section.dataset.csrf },
    body: JSON.stringify(subscription),
  });
  if (!answer.ok) throw new Error((await answer.json()).error?.message ?? answer.status);
  return (await answer.json()).data;
};

const active = (registration) =>
  new Promise((resolve, reject) => {
    const worker = registration.active ?? registration.waiting ?? registration.installing;
    const look = () => {
      if (worker.state === "activated") resolve(registration);
      if (worker.state === "redundant") reject(new Error("The service worker could not start."));
    };
    worker.addEventListener("statechange", look);
    look();
  });

// The subscription of this browser, made with the key that the site has now.
const current = async (registration) => {
  const found = await registration?.pushManager.getSubscription();
  const key = found?.options?.applicationServerKey;
  if (found && key && !same(new Uint8Array(key), bytes(section.dataset.key))) {
    await found.unsubscribe();
    return null;
  }
  return found ?? null;
};

const subscribe = async () => {
  if ((await Notification.requestPermission()) !== "granted") {
    says.textContent = "This browser does not allow it. Change that in its settings for this site, then come back.";
    return;
  }
  const registration = await active(await navigator.serviceWorker.register(section.dataset.worker));
  const subscription =
    (await current(registration)) ??
    (await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: bytes(section.dataset.key),
    }));
  remember((await save(subscription)).id);
  location.reload();
};

// Which of those that are listed this one is. Without storage it is not marked, and works all the same.
const remembered = () => {
  try {
    return localStorage.getItem("push-browser");
  } catch {
    return null;
  }
};
const remember = (id) => {
  try {
    localStorage.setItem("push-browser", id);
  } catch {
    // See above.
  }
};

const look = async () => {
  const registration = await navigator.serviceWorker.getRegistration("/static/");
  const subscription = Notification.permission === "granted" ? await current(registration) : null;
  const row = subscription && section.querySelector(`[data-browser="${CSS.escape(remembered() ?? "")}"]`);
  add.hidden = Boolean(row);
  if (!row) return;
  says.textContent = "This browser tells you.";
  row.querySelector("[data-this-browser]").hidden = false;
  row.querySelector("form").addEventListener("submit", () => void subscription.unsubscribe());
};

if ("serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
  add.addEventListener("click", async () => {
    add.disabled = true;
    try {
      await subscribe();
    } catch (problem) {
      says.textContent = `That did not work: ${problem.message}`;
    }
    add.disabled = false;
  });
  look().catch(() => (add.hidden = false));
} else {
  says.textContent = isSecureContext
    ? "This browser cannot. On an iPhone, add this site to the home screen first and open it there."
    : "Browsers tell only of sites that are reached by https.";
}
