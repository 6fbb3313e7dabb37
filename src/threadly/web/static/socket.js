// The one connection of a page to its conversations. It comes back by itself; what was asked and not answered is
// asked again where asking twice is the same as once.

const FIRST_WAIT_MS = 250;
const MOST_WAIT_MS = 10_000;
// The server says something every 15 seconds.
const SILENT_MS = 40_000;
// The server ends a connection on which a longer frame comes.
const MOST_BYTES = 65_536;
const TOO_LARGE = 1009;
const TOO_LONG = { code: "too_long", message: "This is too long to be sent. Please send it in parts." };

export class Socket {
  /** `onFrame(frame)` for all that is no answer; `onOpen(again)` once the server says hello. */
  constructor({ onFrame, onOpen = () => {}, onState = () => {} }) {
    this.onFrame = onFrame;
    this.onOpen = onOpen;
    this.onState = onState;
    this.asked = new Map();
    this.number = 0;
    this.waitMs = FIRST_WAIT_MS;
    this.opened = 0;
    this.ready = false;
    this.ended = false;
    this.connect();
    addEventListener("online", () => this.retry());
    addEventListener("pageshow", ({ persisted }) => persisted && this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  connect() {
    if (this.ended) return;
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const link = new WebSocket(`${scheme}//${location.host}/api/v1/socket`, ["threadly.v1"]);
    this.link = link;
    link.addEventListener("message", ({ data }) => this.link === link && this.hear(JSON.parse(data)));
    link.addEventListener("close", ({ code }) => this.link === link && this.lose(code));
    this.listen();
  }

  /** Now, instead of when the wait is over. */
  retry() {
    if (this.ready || this.link?.readyState === WebSocket.CONNECTING) return;
    this.waitMs = FIRST_WAIT_MS;
    this.connect();
  }

  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.link.close(), SILENT_MS);
  }

  hear(frame) {
    this.listen();
    switch (frame.type) {
      case "hello":
        this.ready = true;
        this.waitMs = FIRST_WAIT_MS;
        this.me = frame.user_id;
        this.onState("open");
        this.onOpen(this.opened++ > 0);
        for (const it of this.asked.values()) this.send(it.command);
        break;
      case "ping":
        this.send({ type: "pong" });
        break;
      case "answer":
      case "error":
        this.settle(frame);
        break;
      default:
        this.onFrame(frame);
    }
  }

  settle(frame) {
    const it = this.asked.get(frame.ref);
    if (!it) return;
    if (frame.error?.code === "socket.too_fast") {
      setTimeout(() => this.ready && this.send(it.command), 1_000);
      return;
    }
    this.asked.delete(frame.ref);
    if (frame.type === "answer") it.done(frame.data);
    else it.refuse(frame.error);
  }

  lose(code) {
    this.ready = false;
    clearTimeout(this.silence);
    for (const [ref, it] of this.asked) {
      // What ended the connection would end the next one, too.
      if (it.again && code !== TOO_LARGE) continue;
      this.asked.delete(ref);
      it.refuse(code === TOO_LARGE ? TOO_LONG : { code: "lost", message: "The connection was lost. Please try again." });
    }
    // Signed out, or too many pages: coming back at once would change nothing.
    const waitMs = code === 4401 || code === 4503 ? MOST_WAIT_MS : this.waitMs * (0.5 + Math.random());
    this.waitMs = Math.min(MOST_WAIT_MS, this.waitMs * 2);
    this.onState("lost");
    this.timer = setTimeout(() => this.connect(), waitMs);
  }

  send(command) {
    if (this.link.readyState === WebSocket.OPEN) this.link.send(JSON.stringify(command));
  }

  /** Resolves to the answer; rejects with `{code, message}`. With `again`, it is asked again after a loss. */
  ask(type, fields = {}, { again = false } = {}) {
    const ref = `r${(this.number += 1)}`;
    return new Promise((done, refuse) => {
      if (!this.ready && !again) {
        refuse({ code: "lost", message: "There is no connection at the moment." });
        return;
      }
      const command = { type, ref, ...fields };
      if (new TextEncoder().encode(JSON.stringify(command)).length > MOST_BYTES) {
        refuse(TOO_LONG);
        return;
      }
      this.asked.set(ref, { command, done, refuse, again });
      if (this.ready) this.send(command);
    });
  }

  /** For what nobody needs an answer to. */
  tell(type, fields) {
    if (this.ready) this.send({ type, ...fields });
  }

  end() {
    this.ended = true;
    this.link.close();
  }
}
