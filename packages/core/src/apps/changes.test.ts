import { describe, expect, test } from "bun:test";
import type { ActorRef, AskOptions } from "../define-actor.ts";
import { isMusterError, type MusterError } from "../errors.ts";
import type { Role } from "../principal.ts";
import type { InstallApp } from "../services.ts";
import { intent } from "./app-kit.test.ts";
import { createAppsChanges, hasReached } from "./changes.ts";
import type { AppIntentRow } from "./intent.ts";
import type { AppSummary } from "./model.ts";
import { type AppCommands, appProtocol } from "./protocol.ts";

type Reply =
  | { ok: true; value: { app: AppIntentRow; changed: boolean } }
  | { ok: false; refusal: never };
const answered = (app: AppIntentRow, changed = true): Reply => ({
  ok: true,
  value: { app, changed },
});
const refused = (refusal: string): Reply => ({ ok: false, refusal: refusal as never });

const changes = (
  reply: Reply,
  { role = "operator" as Role, there = [] as AppSummary[], causes = ["hook_failed"] } = {},
) => {
  const asked: unknown[] = [];
  const waited: AppIntentRow[] = [];
  const ask =
    (command: string) =>
    (id: string) =>
    async (input: unknown, options?: AskOptions): Promise<Reply> => {
      asked.push({ command, id, input, options });
      return reply;
    };
  const apps = createAppsChanges({
    principal: { name: "rosa", role },
    reads: {
      list: () => ({ items: there, asOf: "", stale: false }),
      summaryOf: ({ id, generation }: AppIntentRow) => ({ id, generation }) as AppSummary,
      driftCauses: () => causes,
    } as unknown as Parameters<typeof createAppsChanges>[0]["reads"],
    now: () => Date.parse("2026-05-01T12:00:00Z"),
    actor: (id) =>
      ({
        ask: Object.fromEntries(
          Object.keys(appProtocol.commands).map((command) => [command, ask(command)(id)]),
        ),
      }) as unknown as ActorRef<AppCommands>,
    waitForRow: async (row) => {
      waited.push(row);
    },
  });
  return { apps, asked, waited };
};

const caught = async (call: () => Promise<unknown>): Promise<MusterError> => {
  try {
    await call();
  } catch (error) {
    if (isMusterError(error)) return error;
    throw error;
  }
  throw new Error("was not refused");
};

/** A change does not wait for a backend that is away, and its key counts for a day. */
const askOptions = {
  principal: { name: "rosa", role: "operator" },
  failFast: true,
  keepKeyMs: 86_400_000,
};

describe("a change", () => {
  test.each(["enable", "disable"] as const)(
    "%s asks under the principal and waits for the row",
    async (command) => {
      const row = intent({ generation: 2, intentId: "i2" });
      const { apps, asked, waited } = changes(answered(row));
      const answer = await apps[command]("crm-sync", {
        reason: "quiet night",
        idempotencyKey: "k1",
      });
      expect(answer).toEqual({
        app: { id: "crm-sync", generation: 2 } as AppSummary,
        changed: true,
      });
      expect(asked).toEqual([
        {
          command,
          id: "crm-sync",
          input: { reason: "quiet night" },
          options: { ...askOptions, idempotencyKey: "k1" },
        },
      ]);
      expect(waited).toEqual([row]);
    },
  );

  test.each([
    ["settings", { settings: { url: "https://crm" } }],
    ["licence", { licence: "L-1" }],
    ["licence", { licence: null }],
    ["manage", { mode: "observe" }],
  ] as const)("%s passes on %j", async (command, input) => {
    const { apps, asked } = changes(answered(intent()));
    const call = apps[command] as (id: string, change: object) => Promise<unknown>;
    await call("crm-sync", { ...input, reason: "new", idempotencyKey: "k1" });
    expect(asked).toEqual([
      {
        command,
        id: "crm-sync",
        input: { ...input, reason: "new" },
        options: { ...askOptions, idempotencyKey: "k1" },
      },
    ]);
  });

  test.each([
    ["settings", { settings: { at: 1n } }, "settings"],
    ["settings", {}, "settings"],
    ["licence", { licence: 7 }, "licence"],
    ["manage", { mode: "paused" }, "mode"],
  ] as const)("%s with %p is refused before it is sent", async (command, input, field) => {
    const { apps, asked } = changes(answered(intent()));
    const call = apps[command] as (id: string, change: object) => Promise<unknown>;
    const error = await caught(() => call("crm-sync", { ...input, reason: "new" }));
    expect(error).toMatchObject({ code: "VALIDATION", outcome: "not-applied" });
    expect(Object.keys(error.fieldErrors ?? {})).toEqual([field]);
    expect(asked).toEqual([]);
  });

  test("install passes on what was asked for", async () => {
    const { apps, asked } = changes(answered(intent()));
    const request = { version: "1.0.0", ref: "builds/7", settings: { a: 1 }, reason: "first use" };
    await apps.install({ id: "crm-sync", ...request });
    expect(asked).toEqual([
      {
        command: "install",
        id: "crm-sync",
        input: request,
        options: askOptions,
      },
    ]);
  });

  test("that changes nothing says so", async () => {
    const { apps } = changes(answered(intent(), false));
    expect((await apps.enable("crm-sync", { reason: "x" })).changed).toBe(false);
  });

  test.each([
    ["an unknown app", "not-found", "APP_NOT_FOUND"],
    ["an app that is there", "exists", "APP_EXISTS"],
    ["nobody", "no-principal", "FORBIDDEN"],
  ])("of %s is refused by code", async (_, refusal, code) => {
    const { apps, waited } = changes(refused(refusal));
    const error = await caught(() => apps.enable("crm-sync", { reason: "x" }));
    expect(error).toMatchObject({ code, op: "apps.enable", outcome: "not-applied" });
    expect(waited).toEqual([]);
  });

  test("installing over an app tells what is there", async () => {
    const there = { id: "crm-sync", version: "1.2.0", desiredStatus: "disabled" } as AppSummary;
    const { apps } = changes(refused("exists"), { there: [there] });
    const error = await caught(() =>
      apps.install({ id: "crm-sync", version: "1.3.0", reason: "x" }),
    );
    expect(error.message).toBe(
      'The app "crm-sync" is installed already as version 1.2.0, disabled.',
    );
    expect(error.current).toBe("disabled");
    expect(error.hint).toBeString();
  });
});

describe("before anything is asked", () => {
  test("a viewer is forbidden", async () => {
    const { apps, asked } = changes(answered(intent()), { role: "viewer" });
    for (const call of [
      () => apps.enable("crm-sync", { reason: "x" }),
      () => apps.disable("crm-sync", { reason: "x" }),
      () => apps.install({ id: "crm-sync", version: "1.0.0", reason: "x" }),
    ]) {
      expect((await caught(call)).code).toBe("FORBIDDEN");
    }
    expect(asked).toEqual([]);
  });

  const install = { id: "crm-sync", version: "1.0.0", reason: "x" };
  test.each([
    ["no reason", { ...install, reason: undefined }, "reason"],
    ["a blank reason", { ...install, reason: " " }, "reason"],
    ["a reason of 501 characters", { ...install, reason: "x".repeat(501) }, "reason"],
    ["capitals in the id", { ...install, id: "CRM" }, "id"],
    ["a path as id", { ...install, id: "../etc" }, "id"],
    ["no id", { ...install, id: undefined }, "id"],
    ["a reserved id", { ...install, id: "compare" }, "id"],
    ["a path as version", { ...install, version: "../1" }, "version"],
    ["no version", { ...install, version: undefined }, "version"],
    ["an empty ref", { ...install, ref: "" }, "ref"],
    ["an endless ref", { ...install, ref: "x".repeat(4_097) }, "ref"],
    ["uninstalled as wish", { ...install, desiredStatus: "uninstalled" }, "desiredStatus"],
    ["settings that are no object", { ...install, settings: [] }, "settings"],
    ["settings that are no JSON", { ...install, settings: { at: 1n } }, "settings"],
    ["an unknown field", { ...install, force: true }, "input"],
  ])("%s is invalid, and the field is named", async (_, request, field) => {
    const { apps, asked } = changes(answered(intent()));
    const error = await caught(() => apps.install(request as InstallApp));
    expect(error.code).toBe("VALIDATION");
    expect(Object.keys(error.fieldErrors ?? {})).toEqual([field]);
    expect(asked).toEqual([]);
  });
});

describe("hasReached", () => {
  test("holds for the row itself and for any later one", () => {
    const row = intent({ generation: 3, intentId: "i3" });
    expect(hasReached(undefined, row)).toBe(false);
    expect(hasReached(intent({ generation: 2, intentId: "i2" }), row)).toBe(false);
    expect(hasReached(intent({ generation: 3, intentId: "other" }), row)).toBe(false);
    expect(hasReached(row, row)).toBe(true);
    expect(hasReached(intent({ generation: 4, intentId: "i4" }), row)).toBe(true);
  });
});
