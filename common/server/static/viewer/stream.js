// The stream: one websocket to the server, opened again whenever it is lost, with acknowledgements for back-pressure.

const CREDIT = 2; // one frame on the wire while one is decoded and painted
const BACKOFF_FIRST_S = 0.25;
const BACKOFF_MAX_S = 4;
// Stats come every second, so five silent seconds are a dead peer. A lost Wi-Fi closes no socket by itself.
const SILENCE_MAX_S = 5;

/** Unpacks a frame message: 4 bytes header length, JSON header, JPEG. `jpeg` is a view, nothing is copied. */
function unpackFrame(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { ...header, jpeg: new Uint8Array(buffer, 4 + length) };
}

/**
 * `state` is "connecting", "open", "reconnecting" or "paused".
 * Handlers: onState(state), onFrame(frame), onMessage(message).
 */
export class Stream {
  state = "paused";
  #address;
  #handlers;
  #socket = null;
  #failures = 0;
  #retryTimer = 0;
  #silenceTimer = 0;

  /** `address` as in a link: on this host, or "//host:port/path" of another. */
  constructor(address, handlers) {
    this.#address = address;
    this.#handlers = handlers;
    addEventListener("online", () => this.state === "reconnecting" && this.#connect());
  }

  open() {
    if (this.state !== "paused") return;
    this.#setState("connecting");
    this.#connect();
  }

  /** Closes until the next open(): a viewer who does not look costs the server nothing. */
  pause() {
    this.#failures = 0;
    this.#drop();
    this.#setState("paused");
  }

  ack(frameId) {
    this.#send({ type: "ack", frame_id: frameId });
  }

  set(name, value) {
    this.#send({ type: "set", name, value });
  }

  #connect() {
    this.#drop();
    const url = new URL(`${this.#address}?credit=${CREDIT}`, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = () => this.#retry();
    this.#socket = socket;
    this.#expectSound();
  }

  #receive(data) {
    this.#expectSound();
    if (this.state !== "open") {
      // Only a message proves the server well: a socket that opens and closes at once must keep backing off.
      this.#failures = 0;
      this.#setState("open");
    }
    if (typeof data === "string") this.#handlers.onMessage(JSON.parse(data));
    else this.#handlers.onFrame(unpackFrame(data));
  }

  #expectSound() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#retry(), SILENCE_MAX_S * 1000);
  }

  #retry() {
    this.#drop();
    const ceiling_s = Math.min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** this.#failures);
    this.#failures += 1;
    // Half of it at random: a room full of viewers must not come back in step after a restart.
    const delay_s = ceiling_s * (0.5 + Math.random() / 2);
    this.#retryTimer = setTimeout(() => this.#connect(), delay_s * 1000);
    this.#setState("reconnecting");
  }

  /** Lets go of the socket at once: a closing handshake with a dead peer would take minutes. */
  #drop() {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    if (!this.#socket) return;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #setState(state) {
    if (state === this.state) return;
    this.state = state;
    this.#handlers.onState(state);
  }
}
