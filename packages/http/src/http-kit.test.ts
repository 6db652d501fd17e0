/** What the tests of the API share: a real node over memory, three callers, and calls in process. */
import {
  type AppHost,
  createHost,
  createMuster,
  defineActor,
  type Muster,
  type MusterOptions,
  tellTo,
} from "@muster/core";
import { z } from "zod";
import { tokens } from "./auth.ts";
import { createHttp, type HttpOptions } from "./create-http.ts";

export const tokenOf = {
  viewer: "viewer-token-0123456789",
  operator: "operator-token-0123456789",
  admin: "admin-token-0123456789",
} as const;
export type Role = keyof typeof tokenOf;

export const threeCallers = () =>
  tokens([
    { name: "vera", role: "viewer", tokens: [tokenOf.viewer] },
    {
      name: "otto",
      role: "operator",
      grants: ["AppDeadLetterManage(*)"],
      tokens: [tokenOf.operator],
    },
    { name: "anna", role: "admin", tokens: [tokenOf.admin] },
  ]);

/** As much of the kind of alerts as opens one. */
const alerts = defineActor({
  kind: "alert",
  state: z.unknown(),
  partition: () => "muster:reconciler",
  commands: { open: { input: z.record(z.string(), z.string()) } },
});

export const clerk = defineActor({
  kind: "clerk",
  state: z.null(),
  commands: { spread: { input: z.strictObject({ forms: z.number() }) } },
});
export const Clerk = clerk.implement({
  initial: () => null,
  on: {
    spread: (turn, state, { forms }, { sender }) => {
      const tell = Array.from({ length: sender.startsWith("node:") ? forms : 0 }, () =>
        tellTo(clerk, "one").spread({ forms: 0 }),
      );
      return turn.next(state, { tell }).reply();
    },
  },
});
/** Runs apps which do nothing, and one that never runs. */
export const plainHost = (): AppHost =>
  createHost({
    load: async () => ({ kind: "loaded", app: {} }),
    enable: (_, { appId }) => {
      if (appId === "drifting") throw new Error("it never runs");
    },
  });

/** A node that runs apps which do nothing. */
export const makeNode = (options: Partial<MusterOptions> = {}): Muster =>
  createMuster({
    cluster: "shop",
    node: { id: "web-1" },
    settings: { shardCount: 4 },
    // Passes run only when they are asked for.
    reconciler: { everyMs: 3_600_000 },
    actors: [Clerk],
    apps: {
      host: plainHost(),
    },
    ...options,
  });

/** Opens the alert whose id is problem-kit names. */
const seedAlert = async (muster: Muster): Promise<void> => {
  const about = { kind: "sample", subject: "crm-sync", cause: "test" };
  const told = { message: "a sample", remedy: "none" };
  await muster.actor(alerts, "sample:crm-sync:test").ask.open({ ...about, ...told });
};

/** Apps in the states that changes need. */
const seedApps = async (muster: Muster): Promise<void> => {
  const { apps } = muster.as({ name: "seed", role: "admin" });
  for (const id of [seeded.app, "drifting", "leaving", "updated"]) {
    await apps.install({ id, version: "1.0.0", reason: "seed" });
  }
  await apps.update("updated", { version: "2.0.0", reason: "seed" });
  // Whoever asks nodes to try need not wait for it.
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await apps.pause("drifting", { until, reason: "seed" });
};

/** What the seeded node has: an app, an alert, and two dead letters. */
export const seeded = { app: "crm-sync", letter: "", otherLetter: "" };

export const seedNode = async (muster: Muster): Promise<void> => {
  await seedApps(muster);
  await seedAlert(muster);
  // A letter at once: a turn may not tell as many.
  for (const id of ["one", "two"]) await muster.actor(clerk, id).tell.spread({ forms: 101 });
  await muster.actor(clerk, "clerk").ask.spread({ forms: 0 });
  await until(
    "the letters are counted",
    () => muster.status().deadLetters.unresolved,
    (count) => count === 2,
  );
  const { items } = await muster.deadLetters.list({ kind: clerk.kind, unresolved: true });
  seeded.letter = items[0]?.id ?? "";
  seeded.otherLetter = items[1]?.id ?? "";
};

export const startNode = async (options: Partial<MusterOptions> = {}): Promise<Muster> => {
  const muster = makeNode(options);
  await muster.start();
  await seedAlert(muster);
  return muster;
};

/** Apps in the states that changes need, beside the one that all is tried on. */

export interface Call {
  /** Whose token goes with it. */
  readonly as?: Role;
  /** Sent as JSON; text is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of all shapes
  readonly json: any;
}

/** What `createHttp` answers, and any app it is mounted in. */
export interface Requestable {
  request(path: string, init?: RequestInit, env?: unknown): Response | Promise<Response>;
}

export const answerOf = async (response: Response): Promise<Answer> => {
  const { status, headers } = response;
  const text = await response.text();
  const isJson = text !== "" && /[/+]json/.test(headers.get("content-type") ?? "");
  return { status, headers, text, json: isJson ? JSON.parse(text) : undefined };
};

/** Timers get their turn, as between requests over a network: a node that cannot beat is away. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Calls within the process. */
export const callOf =
  (app: Requestable) =>
  async (method: string, path: string, { as, body, headers }: Call = {}): Promise<Answer> => {
    await turn();
    return answerOf(
      await app.request(path, {
        method,
        headers: {
          ...(as && { authorization: `Bearer ${tokenOf[as]}` }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    );
  };

/** An API over a node with three callers, unless told otherwise. */
export const apiOf = (muster: Muster, options: Partial<HttpOptions> = {}) => {
  const app = createHttp(muster, { auth: threeCallers(), ...options });
  return { app, call: callOf(app) };
};

/** Reads until it holds, up to a deadline. */
export const until = async <T>(
  fact: string,
  read: () => T | Promise<T>,
  holds: (value: T) => boolean,
  deadlineMs = 5_000,
): Promise<T> => {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${fact}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
