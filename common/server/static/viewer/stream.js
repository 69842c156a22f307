// The stream: one websocket to the server, reconnected when it is lost, with acknowledgements for back-pressure.

const CREDIT = 2; // unacknowledged frames: one on the wire while one is decoded and painted
const BACKOFF_FIRST_S = 0.25;
const BACKOFF_MAX_S = 4;
// Stats arrive every second, so five silent seconds mean a dead peer: a lost network link does not close a websocket.
const SILENCE_MAX_S = 5;

/** Unpacks a frame message: 4 bytes header length, JSON header, JPEG. `jpeg` is a view of `buffer`. */
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

  /** `address` is a URL relative to the page: "ws/ui", or "//host:port/ws/ui" on another host or port. */
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

  /** Closes the websocket until the next open(): the server then encodes and sends nothing for this page. */
  pause() {
    this.#failures = 0;
    this.#drop();
    this.#setState("paused");
  }

  ack(camera, frameId) {
    this.#send({ type: "ack", camera, frame_id: frameId });
  }

  /** Selects the cameras whose frames and detections are sent; `width` is that of tiles, undefined for full frames. */
  watch(cameras, width) {
    this.#send({ type: "watch", cameras, width });
  }

  set(name, value) {
    this.#send({ type: "set", name, value });
  }

  /** Requests another model in a processor, in all where `processor` is undefined. */
  changeModel(model, processor) {
    this.#send({ type: "model_change", model, processor });
  }

  /** Replaces the lines and zones of a processor; returns whether there is a connection. */
  setRegions(processor, regions) {
    return this.#send({ type: "regions", processor, ...regions });
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
    this.#restartSilenceTimer();
  }

  #receive(data) {
    this.#restartSilenceTimer();
    if (this.state !== "open") {
      // The back-off ends with a message, not with the handshake: a server may accept and close at once.
      this.#failures = 0;
      this.#setState("open");
    }
    if (typeof data === "string") this.#handlers.onMessage(JSON.parse(data));
    else this.#handlers.onFrame(unpackFrame(data));
  }

  #restartSilenceTimer() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#retry(), SILENCE_MAX_S * 1000);
  }

  #retry() {
    this.#drop();
    const ceiling_s = Math.min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** this.#failures);
    this.#failures += 1;
    // Half of the delay is random, so that many viewers do not reconnect at the same moment after a restart.
    const delay_s = ceiling_s * (0.5 + Math.random() / 2);
    this.#retryTimer = setTimeout(() => this.#connect(), delay_s * 1000);
    this.#setState("reconnecting");
  }

  /** Drops the socket without waiting for the closing handshake, which a dead peer does not answer. */
  #drop() {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    if (!this.#socket) return;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  #send(message) {
    const isOpen = this.#socket?.readyState === WebSocket.OPEN;
    if (isOpen) this.#socket.send(JSON.stringify(message));
    return isOpen;
  }

  #setState(state) {
    if (state === this.state) return;
    this.state = state;
    this.#handlers.onState(state);
  }
}
