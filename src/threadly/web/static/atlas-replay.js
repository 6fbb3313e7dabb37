// Replaying a journey that is over: played in some seconds, moved by hand, or step by step.

const LASTS_MS = 6_000;

/** Works the `deck`; `onMoment(instant)` is called with each moment, with null at the end. */
export class Replay {
  constructor(deck, { onMoment, isStill, duration }) {
    this.deck = deck;
    this.onMoment = onMoment;
    this.isStill = isStill;
    this.duration = duration;
    this.scrub = deck.querySelector("[data-scrub]");
    this.at = deck.querySelector("[data-at]");
    this.button = deck.querySelector("[data-play]");
    this.scale = null;
    this.steps = [];
    this.position = 1;
    this.frame = null;
    this.scrub.addEventListener("input", () => {
      this.pause();
      this.move(this.scrub.value / 1_000);
    });
    this.button.addEventListener("click", () => (this.frame === null ? this.play() : this.pause()));
    for (const step of deck.querySelectorAll("[data-step]")) {
      step.addEventListener("click", () => {
        this.pause();
        this.step(Number(step.dataset.step));
      });
    }
  }

  /** Takes a journey that is over: its spans, and where each instant lies. */
  load(spans, scale) {
    this.scale = scale;
    const moments = spans.flatMap((span) => [scale.at(span.start_us), scale.at(span.start_us + (span.duration_us ?? 0))]);
    this.steps = [...new Set([0, 1, ...moments.map((each) => Math.round(each * 1_000) / 1_000)])].sort((a, b) => a - b);
    this.deck.hidden = false;
    this.rest();
  }

  /** Stands at the end. */
  rest() {
    this.position = 1;
    this.scrub.value = "1000";
    this.at.textContent = this.duration(this.scale.to - this.scale.from);
  }

  unload() {
    this.pause();
    this.deck.hidden = true;
  }

  play() {
    if (this.isStill()) return this.step(1);
    const from = this.position >= 1 ? 0 : this.position;
    const begun = performance.now();
    const go = (now) => {
      const position = from + (now - begun) / LASTS_MS;
      this.frame = position < 1 ? requestAnimationFrame(go) : null;
      this.move(Math.min(1, position));
      this.label();
    };
    this.frame = requestAnimationFrame(go);
    this.label();
  }

  pause() {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.frame = null;
    this.label();
  }

  step(direction) {
    const near = 0.0005;
    const from = direction > 0 && this.position >= 1 ? -1 : this.position;
    const next = direction > 0 ? this.steps.find((each) => each > from + near) : this.steps.findLast((each) => each < from - near);
    this.move(next ?? (direction > 0 ? 1 : 0));
  }

  move(position) {
    this.position = position;
    this.scrub.value = String(Math.round(position * 1_000));
    const instant = this.scale.instant(position);
    const said = `${this.duration(instant - this.scale.from)} of ${this.duration(this.scale.to - this.scale.from)}`;
    this.at.textContent = said;
    this.scrub.setAttribute("aria-valuetext", said);
    this.onMoment(position >= 1 ? null : instant);
  }

  label() {
    const playing = this.frame !== null;
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
    const art = this.button.querySelector("use");
    art.setAttribute("href", art.getAttribute("href").replace(/#.*/, playing ? "#pause" : "#play"));
  }
}
