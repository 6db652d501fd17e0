/**
 * One client connection through the test proxy: two one-way pipes whose bytes may be held, delayed
 * or dropped, and the pairing of requests with replies that swallowing needs.
 */
import { connect, type Socket } from "node:net";
import { createRespReader, requestWords } from "./resp.ts";

/** What is known of a connection from the commands it has sent. */
export interface Link {
  /** Number of the connection within its proxy, from 1. */
  readonly n: number;
  /** Name given with CLIENT SETNAME or HELLO, else "". */
  readonly name: string;
  /** True once it has sent SUBSCRIBE, PSUBSCRIBE or SSUBSCRIBE. */
  readonly subscriber: boolean;
  /** Channels it has asked for, in order. */
  readonly channels: readonly string[];
}

/** Rules in force, asked for each chunk and each request. */
export interface LinkRules {
  /** Whether bytes of this link are held back now. */
  held(link: Link): boolean;
  /** Whether this link is to be closed now. */
  refused(link: Link): boolean;
  /** Delay of replies in milliseconds. */
  delayMs(link: Link): number;
  /** Asked once for each request: whether its reply may be lost. */
  mayLose(link: Link, words: readonly string[]): boolean;
  /** Asked when such a reply arrives; `true` loses it together with the connection. */
  loses(): boolean;
  /** How long a connection that lost a reply stays open and silent before it closes. */
  lingerMs(): number;
  /** Hears each whole request, as it is sent on. */
  passed(link: Link, words: readonly string[], request: Buffer): void;
  /** Whether this subscriber gets each published message twice. */
  repeats(link: Link): boolean;
}

export interface ProxiedConnection {
  readonly link: Link;
  /** Looks at the rules again: moves what is no longer held, closes what is refused. */
  refresh(): void;
  /** Delivers at once what is delayed. */
  hurry(): void;
  /** Closes the server's side and leaves the client's open and silent. */
  abandonServer(): void;
  close(): void;
}

type Item =
  | { readonly dueAt: number; readonly bytes: Buffer }
  | { readonly dueAt: number; readonly bytes: "end" };

/** Delivers items in order once they are due and not held. */
const createPipe = (held: () => boolean, deliver: (bytes: Buffer) => void, end: () => void) => {
  const queue: Item[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pump = (): void => {
    if (timer !== undefined || held()) return;
    for (let item = queue[0]; item !== undefined && !held(); item = queue[0]) {
      const waitMs = item.dueAt - performance.now();
      if (waitMs > 0) {
        timer = setTimeout(() => {
          timer = undefined;
          pump();
        }, waitMs);
        return;
      }
      queue.shift();
      if (item.bytes === "end") end();
      else deliver(item.bytes);
    }
  };
  return {
    put: (bytes: Buffer | "end", delayMs: number) => {
      queue.push({ dueAt: performance.now() + delayMs, bytes } as Item);
      pump();
    },
    pump,
    hurry: () => {
      clearTimeout(timer);
      timer = undefined;
      for (const [at, item] of queue.entries()) queue[at] = { ...item, dueAt: 0 };
      pump();
    },
    drop: () => {
      clearTimeout(timer);
      queue.length = 0;
    },
  };
};

const published = Buffer.from("\r\n$7\r\nmessage\r\n");
const isPublished = (message: Buffer): boolean => {
  const at = message.indexOf(published);
  return at > 0 && at < 4;
};

/** Connects an accepted client socket to the server under the given rules. */
export const proxyConnection = (options: {
  readonly n: number;
  readonly client: Socket;
  readonly targetPort: number;
  readonly rules: LinkRules;
  readonly onClosed: () => void;
}): ProxiedConnection => {
  const { client, rules } = options;
  const link = { n: options.n, name: "", subscriber: false, channels: [] as string[] };
  const server = connect({ port: options.targetPort, host: "127.0.0.1", noDelay: true });
  const requests = createRespReader();
  const replies = createRespReader();
  /** One entry per request without reply: whether its reply may be lost. */
  const waiting: boolean[] = [];
  let abandoned = false;
  let closed = false;
  /** Set once a reply was lost: nothing that comes after it may reach the client. */
  let closing: ReturnType<typeof setTimeout> | undefined;

  /** What was forwarded already still arrives. */
  const close = (): void => {
    if (closed) return;
    closed = true;
    clearTimeout(closing);
    upward.drop();
    downward.drop();
    client.destroySoon();
    server.destroySoon();
    options.onClosed();
  };
  const held = (): boolean => rules.held(link);
  const upward = createPipe(held, (bytes) => server.write(bytes), close);
  const downward = createPipe(held, (bytes) => client.write(bytes), close);

  const learn = (request: Buffer): void => {
    const words = requestWords(request, 40);
    const [command = "", first = "", second = ""] = words;
    if (command === "client" && first.toLowerCase() === "setname") link.name = second;
    if (command.endsWith("subscribe") && !command.includes("un")) {
      link.subscriber = true;
      link.channels.push(...words.slice(1));
    }
    if (!link.subscriber) waiting.push(rules.mayLose(link, words));
    rules.passed(link, words, request);
  };
  const lose = (): void => {
    const lingerMs = rules.lingerMs();
    if (lingerMs === 0) close();
    else closing ??= setTimeout(close, lingerMs);
  };

  client.setNoDelay(true);
  client.on("data", (chunk: Buffer) => {
    if (abandoned) return;
    for (const message of requests.push(chunk)) learn(message);
    if (rules.refused(link)) return close();
    upward.put(chunk, 0);
  });
  server.on("data", (chunk: Buffer) => {
    const delayMs = rules.delayMs(link);
    for (const message of replies.push(chunk)) {
      if (closed) return;
      // Subscribers get messages nobody asked for, so their replies cannot be paired.
      if (link.subscriber) {
        downward.put(message, delayMs);
        if (isPublished(message) && rules.repeats(link)) downward.put(message, delayMs);
        continue;
      }
      const isPush = message[0] === 62;
      if (!isPush && waiting.shift() && rules.loses()) lose();
      if (closing === undefined) downward.put(message, delayMs);
    }
  });
  client.on("end", () => (abandoned ? close() : upward.put("end", 0)));
  server.on("end", () => !abandoned && downward.put("end", rules.delayMs(link)));
  // A reset carries no order: what was on its way is lost, but not while the link is held.
  client.on("close", () => (held() && !abandoned ? upward.put("end", 0) : close()));
  server.on("close", () => !abandoned && (held() ? downward.put("end", 0) : close()));
  client.on("error", () => {});
  server.on("error", () => {});

  return {
    link,
    refresh: () => {
      if (rules.refused(link)) return close();
      upward.pump();
      downward.pump();
    },
    hurry: () => {
      upward.hurry();
      downward.hurry();
    },
    abandonServer: () => {
      abandoned = true;
      upward.drop();
      downward.drop();
      server.destroy();
    },
    close: () => {
      close();
      client.destroy();
      server.destroy();
    },
  };
};
