// On pages without a conversation: a call rings, and the number of unread conversations is right. One tab of the
// browser holds the connection and tells the others.

// Whoever only passes through a page needs no connection.
const AFTER_MS = 2_000;
const GATHER_MS = 400;
const NAME = "threadly-talks";

const me = document.body.dataset.viewer;
const link = document.querySelector("#talks-unread");

if (me && link && !document.getElementById("chat") && !document.getElementById("call")) {
  const tabs = new BroadcastChannel(NAME);
  let socket;
  let counting;
  let dialog;

  const showCount = (count) => {
    const number = link.querySelector("[data-count]");
    number.dataset.count = count;
    number.hidden = count === 0;
    number.querySelector("i").textContent = count > 99 ? "99+" : count;
  };

  const count = () => {
    clearTimeout(counting);
    counting = setTimeout(async () => {
      const answer = await fetch("/api/v1/conversations/unread").catch(() => null);
      if (!answer?.ok) return;
      const { data } = await answer.json();
      showCount(data.conversations);
      tabs.postMessage({ me, count: data.conversations });
    }, GATHER_MS);
  };

  const decline = (call) => {
    if (socket) socket.ask("call.end", { call_id: call.id }).catch(() => {});
    else tabs.postMessage({ me, decline: call });
  };

  const make = (name, text, attributes) => {
    const element = Object.assign(document.createElement(name), attributes);
    element.textContent = text;
    return element;
  };

  const ring = (call) => {
    if (call.callee.id !== me) return;
    if (call.state !== "ringing") {
      if (dialog?.dataset.call === call.id) dialog.close("");
      return;
    }
    if (dialog?.open) return;
    const title = make("h2", `${call.caller.name} is calling`, { className: "dialog__title", id: "ringing-title" });
    const acts = make("div", "", { className: "dialog__actions" });
    acts.append(
      make("button", "Decline", { className: "button button--danger", value: "decline" }),
      make("button", "Answer", { className: "button", value: "answer", autofocus: true }),
    );
    const form = make("form", "", { method: "dialog" });
    form.append(title, make("p", call.media === "video" ? "A video call." : "A call.", {}), acts);
    dialog = make("dialog", "", { className: "dialog" });
    dialog.setAttribute("aria-labelledby", "ringing-title");
    dialog.dataset.call = call.id;
    dialog.append(form);
    document.body.append(dialog);
    const shown = dialog;
    shown.addEventListener("close", () => {
      shown.remove();
      if (shown.returnValue === "answer") location.assign(`/messages/${call.conversation_id}/call?call=${call.id}`);
      if (shown.returnValue === "decline") decline(call);
    });
    shown.showModal();
  };

  tabs.addEventListener("message", ({ data }) => {
    if (data.me !== me) return;
    if ("count" in data) showCount(data.count);
    if (data.call) ring(data.call);
    if (data.decline && socket) decline(data.decline);
  });

  const hold = async () => {
    const { Socket } = await import(document.getElementById("ringing-script").dataset.socket);
    socket = new Socket({
      onFrame(frame) {
        if (frame.type === "call") {
          ring(frame.call);
          tabs.postMessage({ me, call: frame.call });
        } else if (frame.type === "message" || frame.type === "left" || frame.type === "conversation") {
          if (frame.message?.sender_id === me) return;
          if (frame.message) {
            socket.tell("mark", { conversation_id: frame.message.conversation_id, delivered_seq: frame.message.seq });
          }
          count();
        } else if (frame.type === "marks" && frame.user_id === me) {
          count();
        }
      },
      onOpen(again) {
        if (again) count();
      },
    });
    // For as long as this tab is there.
    return new Promise(() => {});
  };

  setTimeout(() => {
    if (navigator.locks) navigator.locks.request(NAME, hold);
    else hold();
  }, AFTER_MS);
}
