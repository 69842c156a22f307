// The exchange of regions with the server: only the newest are sent, and those of the server wait while any are.

import { linesAndZones } from "./regions.js";

const SEND_AFTER_MS = 150; // a point that is dragged moves with every frame of the screen

const CHECK_MS = 50;

const isSame = (one, other) => JSON.stringify([one.lines, one.zones]) === JSON.stringify([other.lines, other.zones]);

export class Exchange {
  #send;
  #timer = 0;
  #unsent = null;
  #sent = null; // and not yet confirmed by a hello message

  /** `send(processor, lines and zones)` returns whether there is a connection. */
  constructor(send) {
    this.#send = send;
  }

  /** Sends the regions of a processor in a moment, in place of others that are waiting. */
  put(processor, regions) {
    if (this.#unsent && this.#unsent.processor !== processor) this.flush();
    this.#unsent = { processor, ...linesAndZones(regions) };
    this.#timer ||= setTimeout(() => this.flush(), SEND_AFTER_MS);
  }

  flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#unsent) return;
    const { processor, ...regions } = this.#unsent;
    if (!this.#send(processor, regions)) return; // the next hello message comes with a connection
    this.#sent = this.#unsent;
    this.#unsent = null;
  }

  get #isSettled() {
    return !this.#unsent && !this.#sent;
  }

  /** Takes a processor of a hello message; returns whether its regions are to be shown: none of ours are on their way. */
  confirm(processor) {
    if (this.#sent?.processor === processor.name && isSame(this.#sent, processor)) this.#sent = null;
    if (!this.#timer) this.flush();
    return this.#isSettled;
  }

  /** Sends what is waiting; returns whether it is in force, or refused, within `patience_ms`. */
  async settle(patience_ms) {
    this.flush();
    const end = performance.now() + patience_ms;
    while (!this.#isSettled && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
    return this.#isSettled;
  }

  /** What was sent is not in force. */
  refuse() {
    this.#sent = null;
  }

  /** What was sent may be lost: it is sent again. */
  disconnect() {
    this.#unsent ??= this.#sent;
    this.#sent = null;
  }
}
