// The service worker of web push: shows what comes, and opens what is clicked. It caches nothing.

const here = (path) => {
  // Only paths of this site are opened, whatever a message says.
  const url = new URL(typeof path === "string" ? path : "/", self.location.origin);
  return url.origin === self.location.origin ? url.href : `${self.location.origin}/notifications`;
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let message = {};
  try {
    message = event.data ? event.data.json() : {};
  } catch {
    // Not ours: a browser insists that something is shown.
  }
  event.waitUntil(
    self.registration.showNotification(message.title || "There is something new", {
      body: message.text || "",
      tag: message.tag || "threadly",
      renotify: Boolean(message.tag),
      data: { url: here(message.url || "/notifications") },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = here(event.notification.data?.url);
  event.waitUntil(
    (async () => {
      const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
      const same = open.find((each) => each.url === url);
      return same ? same.focus() : self.clients.openWindow(url);
    })(),
  );
});
