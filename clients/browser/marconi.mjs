// A client of Marconi for web pages: one WebSocket, made anew when it is lost.
// README.md says how to use it.

/** Refused is why a call failed that the broker has answered. */
export class Refused extends Error {
  constructor(action, status, body) {
    super(`${action}: ${status} ${body?.error ?? body?.exception ?? body}`);
    Object.assign(this, { status, body });
  }
}

/** Lost is why a call failed whose answer did not come: nobody knows whether it was carried out. */
export class Lost extends Error {}

/** Marconi is a connection to a broker. It is open until it is closed, but for interruptions. */
export class Marconi {
  #url; #options; #socket; #ready;
  #calls = new Map(); // by ID
  #tasks = new Set(); // what is begun on every connection
  #asked = 0; #failures = 0; #open = false; #quiet = false; #beats;

  /**
   * Connects to a URL, ws or wss. Options: project; token, or a function that
   * promises one; client, a UUID; changed, called with true when the connection
   * is there, and with false and perhaps an error when it is not, or an attempt has
   * failed; and in milliseconds: pause, before the first new attempt, doubled with
   * each up to longest; silence, after which it asks whether the broker is there.
   */
  constructor(url, { client = crypto.randomUUID(), changed = () => {}, pause = 250, longest = 30_000, silence = 30_000, ...options }) {
    this.#url = url;
    this.#options = { client, changed, pause, longest, ...options };
    this.#beats = setInterval(() => this.#beat(), silence);
    this.#await();
    this.#connect();
  }

  /** Has an action carried out and promises the body of its answer. Headers are added to those it has anyway. */
  async call(action, body = {}, headers = {}) {
    await this.#ready.promise;
    return this.#ask(action, body, headers);
  }

  /**
   * Tells of all messages of a queue, in order, through whatever interruptions:
   * "latest", from now on, "earliest", or what comes after a position or an ID.
   * message is called with each; gap with the positions from and to between which
   * all were deleted or had expired before they could be told; live when what
   * follows is new; ended, with an error, when nothing more will come. With a ttl
   * it is a subscription that others see, which ends after so many seconds. Answers
   * a function that ends it. A queue can be listened to once at a time.
   */
  listen(queue, { from = "latest", ttl, message, gap, live, ended = console.error }) {
    const [begin, end, key] = ttl ? ["subscription_create", "subscription_delete", "subscription_id"] : ["message_watch", "stream_delete", "stream_id"];
    const task = {
      takes: (push) => key in push ? push[key] === task.id : push.queue_name === queue && push.Message_Type === "Notification",
      begin: async () => { task.id = (await this.#ask(begin, { queue_name: queue, position: from, ttl }))[key]; },
      end: (id) => this.#ask(end, { queue_name: queue, [key]: id }),
      take: (push) => {
        from = push.position ?? from; // where the next connection goes on
        switch (push.fact) {
          case undefined: return message(push);
          case "gap": return gap?.(push.from, push.to);
          case "live": return live?.(push.position);
        }
      },
      ended,
    };
    return this.#add(task);
  }

  /**
   * Works on the messages of a queue, which it shares with all others that do:
   * each is held for one, and deleted when handle, or what it promises, is done. One
   * that fails comes again, to anybody. Options are those of claim_stream: credit,
   * how many are held at most, and ttl and grace of the claims. Answers a function
   * that ends it, and promises that what was being handled is done.
   */
  work(queue, handle, { ended = console.error, ...options } = {}) {
    const task = {
      takes: (push) => push.stream_id === task.id,
      begin: async () => { task.id = (await this.#ask("claim_stream", { queue_name: queue, ...options })).stream_id; },
      end: (stream_id) => this.#ask("stream_delete", { stream_id }),
      take: ({ claim_id, messages }) => {
        const work = this.#finish(queue, claim_id, messages, handle, task).finally(() => task.busy.delete(work));
        task.busy.add(work);
      },
      busy: new Set(), // with claims
      ended,
    };
    return this.#add(task);
  }

  /** Closes the connection for good. */
  close() {
    clearInterval(this.#beats);
    this.#beats = undefined;
    this.#drop();
  }

  /** Handles the messages of a claim, so long as they are held for this connection. */
  async #finish(queue_name, claim_id, messages, handle, task) {
    const held = task.id;
    try {
      for (const message of messages) {
        if (task.ending || task.id !== held) return;
        await handle(message);
        if (task.id !== held) return; // it may be another's by now
        await this.#ask("message_delete", { queue_name, claim_id, message_id: message.id });
      }
    } catch (error) {
      if (error instanceof Lost) return;
      console.error(error);
      await this.#ask("claim_delete", { queue_name, claim_id }).catch(() => {}); // or the end of the connection releases it
    }
  }

  #add(task) {
    this.#tasks.add(task);
    if (this.#open) this.#begin(task).catch((error) => this.#drop(error));
    return async () => {
      task.ending = true;
      await Promise.all(task.busy ?? []);
      this.#tasks.delete(task);
      if (task.id) await task.end(task.id).catch(() => {}); // it has ended with the connection
    };
  }

  /** Begins a task. What the broker could not do now, it may do on the next connection. */
  async #begin(task) {
    try {
      if (!task.ending) await task.begin();
    } catch (error) {
      if (!(error instanceof Refused) || error.status >= 500) throw error;
      this.#end(task, error);
    }
  }

  #end(task, why) {
    if (this.#tasks.delete(task)) task.ended(why);
  }

  #await() {
    this.#ready = {};
    this.#ready.promise = new Promise((resolve) => { this.#ready.resolve = resolve; });
  }

  #connect() {
    if (!this.#beats) return; // it was closed
    const socket = this.#socket = new WebSocket(this.#url);
    this.#quiet = false;
    socket.onopen = () => this.#greet().catch((error) => this.#drop(error));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => this.#lose();
  }

  async #greet() {
    const { token } = this.#options;
    if (token) await this.#ask("authenticate", {}, { "X-Auth-Token": typeof token === "function" ? await token() : token });
    for (const task of this.#tasks) await this.#begin(task);
    this.#open = true;
    this.#failures = 0;
    this.#ready.resolve();
    this.#options.changed(true);
  }

  #ask(action, body = {}, headers = {}) {
    return new Promise((resolve, reject) => {
      if (!this.#socket) throw new Lost(`${action}: there is no connection`);
      const id = ++this.#asked;
      const { project, client } = this.#options;
      this.#calls.set(id, { action, resolve, reject });
      this.#socket.send(JSON.stringify({ id, action, body, headers: { "X-Project-ID": project, "Client-ID": client, ...headers } }));
    });
  }

  /** Gives up a connection over which nothing comes any more: nobody else might tell. */
  #beat() {
    if (!this.#socket) return;
    if (this.#quiet) return this.#drop(new Lost("nothing comes from the broker any more"));
    this.#quiet = true;
    if (this.#socket.readyState === WebSocket.OPEN) this.#ask("ping_node").catch(() => {});
  }

  /** Closes the connection without waiting for the broker to agree. */
  #drop(why) {
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#lose(why);
  }

  #take(document) {
    this.#quiet = false;
    if (document.request) return this.#settle(document);
    for (const task of this.#tasks) {
      if (!task.takes(document)) continue;
      if (document.fact === "end") this.#end(task, new Error(`${document.queue_name}: ${document.reason}`));
      else if (!task.ending) task.take(document);
      return;
    }
  }

  #settle({ id, body, headers: { status } }) {
    const call = this.#calls.get(id);
    if (!call) return;
    this.#calls.delete(id);
    if (status < 300) call.resolve(body);
    else call.reject(new Refused(call.action, status, body));
  }

  /** Gives up what the connection carried, and connects again. */
  #lose(why) {
    for (const { action, reject } of this.#calls.values()) reject(new Lost(`${action}: the connection was lost`));
    this.#calls.clear();
    for (const task of this.#tasks) task.id = undefined;
    this.#socket = null;
    const { changed, pause, longest } = this.#options;
    if (this.#open) this.#await();
    this.#open = false;
    changed(false, why);
    const most = Math.min(longest, pause * 2 ** this.#failures++);
    setTimeout(() => this.#connect(), most * (1 + Math.random()) / 2); // not all pages at once
  }
}
