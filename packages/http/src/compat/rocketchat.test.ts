import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHost, createMuster, MemoryServer, type Muster, memoryBackend } from "@muster/core";
import { Hono } from "hono";
import { createHttp } from "../create-http.ts";
import { answerOf, threeCallers, tokenOf, until } from "../http-kit.test.ts";
import { type CompatOptions, createRocketChatCompat } from "./rocketchat.ts";

const server = new MemoryServer();
const make = (id: string, isBroken = false): Muster =>
  createMuster({
    cluster: "shop",
    node: { id },
    settings: { shardCount: 4 },
    reconciler: { everyMs: 3_600_000 },
    backend: memoryBackend({ server }),
    apps: {
      host: createHost({
        load: async ({ appId }) =>
          isBroken && appId === "fragile"
            ? { kind: "broken", error: "no entry" }
            : { kind: "loaded", app: {} },
        enable: () => {},
      }),
    },
  });
const web1 = make("web-1");
const web2 = make("web-2", true);
beforeAll(async () => {
  await Promise.all([web1.start(), web2.start()]);
});
afterAll(async () => {
  await Promise.all([web1.stop(), web2.stop()]);
});

const mounted = (muster: Muster, options: Partial<CompatOptions> = {}) => {
  const app = new Hono();
  app.route("/ops", createHttp(muster, { auth: threeCallers() }));
  app.route("/api/apps", createRocketChatCompat(muster, { auth: threeCallers(), ...options }));
  return app;
};
const first = mounted(web1);

/** As old clients call: their token in a header of its own, their id beside it. */
const call = async (
  method: string,
  path: string,
  {
    app = first,
    body,
    headers,
    token = tokenOf.operator,
  }: { app?: Hono; body?: unknown; headers?: Record<string, string>; token?: string } = {},
) =>
  answerOf(
    await app.request(`/api/apps${path}`, {
      method,
      headers: {
        "X-Auth-Token": token,
        "X-User-Id": "rbAXPnMktTFbNpwtJ",
        ...(typeof body === "object" &&
          !(body instanceof FormData) && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && {
        body: body instanceof FormData || typeof body === "string" ? body : JSON.stringify(body),
      }),
    } as RequestInit),
  );
const install = (appId: string, version = "1.0.0", app = first) =>
  call("POST", "", { app, body: { appId, marketplace: true, version, permissionsGranted: [] } });

describe("an app's life, as old clients lead it", () => {
  test("install answers the app with the status it came to", async () => {
    const { json, status } = await install("poll");
    expect([status, json]).toEqual([
      200,
      {
        app: {
          ...{ id: "poll", name: "poll", nameSlug: "poll", version: "1.0.0" },
          ...{ languages: {}, status: "auto_enabled" },
        },
        success: true,
      },
    ]);
    expect(web1.apps.get("poll")).toMatchObject({ changedBy: "otto", reason: "legacy API" });
    expect((await call("GET", "/poll")).json.app.status).toBe("auto_enabled");
  });

  test("disable and enable answer the status they came to, whatever else is in the body", async () => {
    const set = (status: string) => call("POST", "/poll/status", { body: { status, extra: [1] } });
    expect((await set("manually_disabled")).json).toEqual({
      status: "manually_disabled",
      success: true,
    });
    expect(web1.apps.get("poll").desiredStatus).toBe("disabled");
    expect((await set("manually_enabled")).json).toEqual({
      status: "manually_enabled",
      success: true,
    });
    expect((await set("manually_enabled")).json.success).toBe(true);
    expect(web1.apps.get("poll").generation).toBe(3);
  });

  test("a form will do for a body", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = "status=manually_disabled";
    expect((await call("POST", "/poll/status", { body, headers })).json.status).toBe(
      "manually_disabled",
    );
  });

  test("update replaces the version and leaves the rest", async () => {
    const { json } = await call("POST", "/poll", { body: { appId: "poll", version: "1.1.0" } });
    expect(json).toMatchObject({ app: { version: "1.1.0" }, success: true });
    expect(web1.apps.get("poll")).toMatchObject({ version: "1.1.0", desiredStatus: "disabled" });
  });

  test("delete answers the app as it was, and then there is none", async () => {
    const { json } = await call("DELETE", "/poll");
    expect(json).toMatchObject({ app: { id: "poll", status: "disabled" }, success: true });
    const gone = { success: false, error: "No App found by the id of: poll" };
    for (const [method, path] of [
      ["GET", "/poll"],
      ["GET", "/poll/status"],
      ["DELETE", "/poll"],
    ] as const) {
      const { json: answer, status } = await call(method, path);
      expect([method, path, status, answer]).toEqual([method, path, 404, gone]);
    }
    const { json: listed } = await call("GET", "/installed");
    expect(listed.apps).toEqual([]);
  });
});

describe("status", () => {
  beforeAll(async () => {
    await install("fragile");
    await until(
      "web-2 has found it broken",
      () => web1.apps.rows("fragile").items.map(({ initStatus }) => initStatus),
      (statuses) => statuses.includes("compiler_error_disabled"),
    );
  });
  const second = mounted(web2);

  test("is that of the node which answers, beside every node's", async () => {
    await until(
      "web-2 sees web-1",
      () => web2.apps.rows("fragile").items.length,
      (n) => n === 2,
    );
    const [one, other] = [
      (await call("GET", "/fragile/status")).json,
      (await call("GET", "/fragile/status", { app: second })).json,
    ];
    expect([one.status, other.status]).toEqual(["auto_enabled", "compiler_error_disabled"]);
    expect(one.clusterStatus).toMatchObject([
      { instanceId: "web-1", isLocal: true, status: "auto_enabled", desiredStatus: "enabled" },
      {
        ...{ instanceId: "web-2", isLocal: false, status: "compiler_error_disabled" },
        ...{ desiredStatus: "enabled", initStatus: "compiler_error_disabled", converged: false },
        ...{ nodeState: "up", stale: false },
      },
    ]);
    expect(other.clusterStatus.map(({ isLocal }: { isLocal: boolean }) => isLocal)).toEqual([
      false,
      true,
    ]);
  });

  test("of the whole cluster comes with the list only when it is asked for", async () => {
    const plain = await call("GET", "/installed");
    const full = await call("GET", "/installed?includeClusterStatus=true");
    expect(plain.json.apps[0].clusterStatus).toBeUndefined();
    expect(full.json).toMatchObject({
      success: true,
      apps: [{ id: "fragile", status: "auto_enabled", clusterStatus: [{}, {}] }],
    });
    expect((await call("GET", "")).json).toEqual(plain.json);
    expect((await call("GET", "/")).json).toEqual(plain.json);
  });

  test("of the failure is what a change answers on the node that fails", async () => {
    const set = (status: string) =>
      call("POST", "/fragile/status", { app: second, body: { status } });
    await set("manually_disabled");
    expect((await set("manually_enabled")).json).toEqual({
      status: "compiler_error_disabled",
      success: true,
    });
  });
});

describe("packages", () => {
  const form = (): FormData => {
    const data = new FormData();
    data.append("app", new Blob(["PK"]), "poll.zip");
    data.append("permissions", "[]");
    return data;
  };

  test("that are uploaded or named by an address are refused, unless the server takes them", async () => {
    for (const body of [form(), { url: "https://apps.example/poll.zip" }]) {
      const { json, status } = await call("POST", "", { body });
      expect([status, json.success, json.errorType]).toEqual([400, false, "app_file_error"]);
    }
    expect((await call("POST", "", { body: {} })).json.error).toContain("Failed to get a file");
  });

  test("are installed as the server makes them known", async () => {
    const heard: unknown[] = [];
    const app = mounted(web1, {
      takePackage: async (source, caller) => {
        heard.push([source.kind, source.kind === "upload" ? source.file.length : source.url]);
        return { id: "taken", version: "2.0.0", ref: `from ${caller.name}` };
      },
      describe: ({ id }) => ({ name: `The app ${id}` }),
    });
    const { json } = await call("POST", "", { app, body: form() });
    expect(json.app).toMatchObject({ id: "taken", name: "The app taken", version: "2.0.0" });
    await call("POST", "/taken", { app, body: { url: "https://apps.example/taken.zip" } });
    const other = await call("POST", "/fragile", { app, body: { url: "https://a/b.zip" } });
    expect(other.json.error).toBe("The package is of the app taken.");
    expect(heard).toEqual([
      ["upload", 2],
      ["url", "https://apps.example/taken.zip"],
      ["url", "https://a/b.zip"],
    ]);
  });
});

describe("refusals have the envelope of the legacy API", () => {
  const refusal = async (answer: ReturnType<typeof call>) => {
    const { json, status } = await answer;
    expect(json.success).toBe(false);
    expect(json.error).toBeString();
    return [status, json.errorType];
  };

  test("for callers that are not known, or may not", async () => {
    const unknown = await call("GET", "/installed", { token: "no-such-token-0123456789" });
    expect(unknown.json).toMatchObject({ status: "error", message: unknown.json.error });
    expect([unknown.status, unknown.json.errorType]).toEqual([401, "UNAUTHENTICATED"]);
    const viewer = { token: tokenOf.viewer };
    expect((await call("GET", "/installed", viewer)).status).toBe(200);
    expect(await refusal(call("DELETE", "/fragile", viewer))).toEqual([403, "FORBIDDEN"]);
    const readOnly = { app: mounted(web1, { readOnly: true }) };
    expect(await refusal(call("DELETE", "/fragile", readOnly))).toEqual([403, "READ_ONLY"]);
  });

  test("for statuses that nobody may set", async () => {
    for (const status of ["error_disabled", "initialized", "on", 3, undefined]) {
      const body = { status };
      expect(await refusal(call("POST", "/fragile/status", { body }))).toEqual([400, undefined]);
    }
  });

  test("for bodies that cannot be read, ids that cannot be and routes that are none", async () => {
    expect(await refusal(call("POST", "/fragile/status", { body: "{" }))).toEqual([
      400,
      "MALFORMED_JSON",
    ]);
    const body = { appId: "installed", version: "1.0.0" };
    expect(await refusal(call("POST", "", { body }))).toEqual([400, "VALIDATION"]);
    expect(await refusal(install("fragile", "9.9.9"))).toEqual([400, "APP_EXISTS"]);
    expect(await refusal(call("GET", "/fragile/no/such"))).toEqual([404, undefined]);
    expect(await refusal(call("PUT", "/fragile"))).toEqual([404, undefined]);
    const long = JSON.stringify({ status: "x".repeat(300_000) });
    expect(await refusal(call("POST", "/fragile/status", { body: long }))).toEqual([
      413,
      "BODY_TOO_LARGE",
    ]);
  });

  test("for pages of another site", async () => {
    const app = mounted(web1, { auth: () => ({ name: "sess", role: "operator" }) });
    const headers = { "sec-fetch-site": "cross-site" };
    expect(await refusal(call("DELETE", "/fragile", { app, headers }))).toEqual([
      403,
      "CROSS_SITE",
    ]);
  });
});

test("no mount comes without a decision on callers", () => {
  expect(() => createRocketChatCompat(web1, {} as CompatOptions)).toThrow(
    /createRocketChatCompat needs auth/,
  );
});

test("the main API beside it stays as it is", async () => {
  const headers = { authorization: `Bearer ${tokenOf.viewer}` };
  const answer = await answerOf(await first.request("/ops/v1/apps/fragile", { headers }));
  expect([answer.status, answer.json.id]).toEqual([200, "fragile"]);
});
