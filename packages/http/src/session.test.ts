import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import type { Muster } from "@muster/core";
import { type TokenEntry, type TokensOptions, tokens } from "./auth.ts";
import { type Answer, apiOf, type Call, startNode, until } from "./http-kit.test.ts";
import { expectProblem } from "./problem-kit.test.ts";
import { serveBun } from "./serve/bun.ts";
import { serveNode } from "./serve/node.ts";

const secret = {
  otto: "otto-token-0123456789",
  next: "otto-next-token-0123456789",
  vera: "vera-token-0123456789",
};
const entries: readonly TokenEntry[] = [
  { name: "otto", role: "operator", tokens: [secret.otto, secret.next] },
  { name: "vera", role: "viewer", tokens: [secret.vera] },
];
const hourMs = 3_600_000;

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
  await muster
    .as({ name: "seed", role: "admin" })
    .apps.install({ id: "crm-sync", version: "1.0.0", reason: "seed" });
});
afterAll(() => muster.stop());

const mount = (known = entries, options: TokensOptions = {}, more: object = {}) =>
  apiOf(muster, { auth: tokens(known, options), ...more }).call;

/** What a browser keeps of an answer and sends back. */
const cookieOf = ({ headers }: Answer): string =>
  (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
const attributesOf = ({ headers }: Answer): readonly string[] =>
  (headers.get("set-cookie") ?? "").split("; ").slice(1);

type Caller = ReturnType<typeof mount>;
const signIn = (call: Caller, token: string, headers: Call["headers"] = {}): Promise<Answer> =>
  call("POST", "/v1/session", { body: { token }, headers });
const read = (call: Caller, cookie: string): Promise<Answer> =>
  call("GET", "/v1/session", { headers: { cookie } });
const samePage = { "sec-fetch-site": "same-origin" };
const disable = (call: Caller, headers: Call["headers"]): Promise<Answer> =>
  call("POST", "/v1/apps/crm-sync/disable", { body: { reason: "x" }, headers: headers ?? {} });

test("a token shown once opens a session that any node with the same tokens takes", async () => {
  const answer = await signIn(mount(), secret.otto);
  expect([answer.status, answer.json.name, answer.json.role]).toEqual([201, "otto", "operator"]);
  const other = mount([...entries].reverse());
  const seen = await read(other, cookieOf(answer));
  expect(seen.json).toEqual({
    name: "otto",
    role: "operator",
    readOnly: false,
    expiresAt: answer.json.expiresAt,
    sessions: true,
  });
  expect((await other("GET", "/v1/status", { headers: { cookie: cookieOf(answer) } })).status).toBe(
    200,
  );
});

test("the token may come as bearer, and shows up in no answer", async () => {
  const call = mount();
  const headers = { authorization: `Bearer ${secret.vera}` };
  const answer = await call("POST", "/v1/session", { headers });
  expect([answer.status, answer.json.name]).toEqual([201, "vera"]);
  expect(answer.text + [...answer.headers].join()).not.toContain(secret.vera);
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

test("the cookie is out of reach of scripts and other sites, and kept to the API of its mount", async () => {
  const plain = await signIn(mount(), secret.otto);
  // No Path: the browser takes the folder of the address it posted to, whatever proxies rewrite.
  expect(attributesOf(plain)).toEqual(["Max-Age=43200", "HttpOnly", "SameSite=Strict"]);
  for (const headers of [
    { origin: "https://ops.example", ...samePage },
    { "x-forwarded-proto": "https" },
  ]) {
    expect(attributesOf(await signIn(mount(), secret.otto, headers))).toContain("Secure");
  }
});

test("a wrong token, and none, open no session", async () => {
  const call = mount();
  for (const answer of [
    await signIn(call, "wrong-token-0123456789"),
    await call("POST", "/v1/session", { body: {} }),
    await call("POST", "/v1/session"),
  ]) {
    expectProblem(answer, "UNAUTHENTICATED", 401);
    expect(answer.headers.get("set-cookie")).toBeNull();
  }
  expectProblem(await signIn(call, "with blank 0123456789"), "VALIDATION", 422);
  expectProblem(await call("POST", "/v1/session", { body: { name: "x" } }), "VALIDATION", 422);
});

test("guessing by signing in is refused as any other", async () => {
  const call = mount();
  for (let attempt = 0; attempt < 30; attempt += 1) await signIn(call, `guess-${attempt}-01234567`);
  expectProblem(await signIn(call, "guess-again-0123456789"), "TOO_MANY_REQUESTS", 429);
});

test("signing out makes the browser forget it, and needs no session", async () => {
  const call = mount();
  const cookie = cookieOf(await signIn(call, secret.otto));
  const out = await call("DELETE", "/v1/session", { headers: { cookie, ...samePage } });
  expect([out.status, out.json, cookieOf(out)]).toEqual([200, { ended: true }, "muster-session="]);
  expect(attributesOf(out)).toContain("Max-Age=0");
  const again = await call("DELETE", "/v1/session", { headers: samePage });
  expect(again.json).toEqual({ ended: false });
  expectProblem(await read(call, cookieOf(out)), "UNAUTHENTICATED", 401);
});

describe("a session ends", () => {
  const openedBy = async (token: string): Promise<string> => cookieOf(await signIn(mount(), token));

  test("at its time", async () => {
    let now = Date.now();
    const call = mount(entries, { sessionMs: hourMs, now: () => now });
    const answer = await signIn(call, secret.otto);
    expect(Date.parse(answer.json.expiresAt) - now).toBe(hourMs);
    now += hourMs - 1;
    expect((await read(call, cookieOf(answer))).status).toBe(200);
    now += 1;
    const late = await read(call, cookieOf(answer));
    expectProblem(late, "UNAUTHENTICATED", 401);
    expect(late.json.detail).toBe("The session has ended.");
  });

  test("and with it a stream that it opened", async () => {
    let now = Date.now();
    const auth = tokens(entries, { sessionMs: hourMs, now: () => now });
    const { app, call } = apiOf(muster, { auth });
    const cookie = cookieOf(await signIn(call, secret.vera));
    now += hourMs - 50;
    const headers = { cookie, accept: "text/event-stream" };
    const stream = await app.request("/v1/events", { headers });
    expect(stream.status).toBe(200);
    // Ends by itself: nobody cancels it.
    expect(await stream.text()).toContain("begun");
  });

  test("with the token that opened it, and with no other", async () => {
    const rotated = mount([{ name: "otto", role: "operator", tokens: [secret.next] }]);
    expectProblem(await read(rotated, await openedBy(secret.otto)), "UNAUTHENTICATED", 401);
    expect((await read(rotated, await openedBy(secret.next))).status).toBe(200);
    expectProblem(await read(rotated, await openedBy(secret.vera)), "UNAUTHENTICATED", 401);
  });

  test("when its token becomes somebody else's", async () => {
    const moved = mount([{ name: "anna", role: "admin", tokens: [secret.otto] }]);
    expectProblem(await read(moved, await openedBy(secret.otto)), "UNAUTHENTICATED", 401);
  });

  test("never by a change of role: that holds at once", async () => {
    const lowered = mount([{ name: "otto", role: "viewer", tokens: [secret.otto] }]);
    const cookie = await openedBy(secret.otto);
    expect((await read(lowered, cookie)).json.role).toBe("viewer");
    expectProblem(await disable(lowered, { cookie, ...samePage }), "FORBIDDEN", 403);
  });
});

describe("a forged session is refused", () => {
  const encoded = (name: string): string => Buffer.from(name).toString("base64url");
  const later = Date.now() + hourMs;

  test("whatever was changed of a true one", async () => {
    const call = mount();
    const cookie = cookieOf(await signIn(call, secret.vera));
    const [name = "", end = "", signature = ""] = cookie.slice("muster-session=".length).split(".");
    expect((await read(call, `muster-session=${name}.${end}.${signature}`)).status).toBe(200);
    const flipped = (signature.startsWith("A") ? "B" : "A") + signature.slice(1);
    for (const value of [
      `${encoded("otto")}.${end}.${signature}`,
      `${name}.${Number(end) + 1}.${signature}`,
      `${name}.0${end}.${signature}`,
      `${name}.${end}.${flipped}`,
      `${name}.${end}.${signature.slice(1)}`,
      `${name}.${end}.`,
      `${name}.${end}`,
      `${name}..${signature}`,
      `.${end}.${signature}`,
      "",
      "x".repeat(10_000),
      "..",
      encodeURIComponent(`${name}.${end}.${signature}=`),
    ]) {
      expectProblem(await read(call, `muster-session=${value}`), "UNAUTHENTICATED", 401);
    }
    expectProblem(await read(call, `session=${name}.${end}.${signature}`), "UNAUTHENTICATED", 401);
  });

  test("when it is signed by another key: the token, its hash, or nothing", async () => {
    const call = mount();
    const told = `${encoded("otto")}.${later}`;
    const hash = createHash("sha256").update(secret.otto).digest();
    for (const key of ["", secret.otto, hash, hash.toString("hex")]) {
      const signature = createHmac("sha256", key).update(told).digest("base64url");
      expectProblem(
        await read(call, `muster-session=${told}.${signature}`),
        "UNAUTHENTICATED",
        401,
      );
    }
  });

  test("when one caller's is given another's name", async () => {
    const call = mount();
    const hash = createHash("sha256").update(secret.vera).digest();
    const key = createHmac("sha256", hash).update("muster session 1").digest();
    const forge = (name: string): string => {
      const told = `${encoded(name)}.${later}`;
      return `muster-session=${told}.${createHmac("sha256", key).update(told).digest("base64url")}`;
    };
    expect((await read(call, forge("vera"))).status).toBe(200);
    expectProblem(await read(call, forge("otto")), "UNAUTHENTICATED", 401);
  });

  test("and a true one beside it is taken", async () => {
    const call = mount();
    const cookie = cookieOf(await signIn(call, secret.vera));
    expect((await read(call, `a=b; muster-session=x.1.y; ${cookie}; c=d`)).json.name).toBe("vera");
  });
});

describe("a change by a session", () => {
  test("must come from the page itself", async () => {
    const call = mount();
    const cookie = cookieOf(await signIn(call, secret.otto));
    for (const headers of [
      {},
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "none" },
      { origin: "https://evil.example" },
      { origin: "http://localhost" },
    ]) {
      expectProblem(await disable(call, { cookie, ...headers }), "CROSS_SITE", 403);
      const out = await call("DELETE", "/v1/session", { headers: { cookie, ...headers } });
      expectProblem(out, "CROSS_SITE", 403);
      expect(out.headers.get("set-cookie")).toBeNull();
    }
    const answer = await disable(call, { cookie, ...samePage });
    expect([answer.status, answer.json.app.changedBy]).toEqual([200, "otto"]);
  });

  test("is held to the caller's role", async () => {
    const call = mount();
    const cookie = cookieOf(await signIn(call, secret.vera));
    expectProblem(await disable(call, { cookie, ...samePage }), "FORBIDDEN", 403);
  });

  test("is refused where only reading is allowed, but one may sign in and out there", async () => {
    const call = mount(entries, {}, { readOnly: true });
    const answer = await signIn(call, secret.otto);
    const cookie = cookieOf(answer);
    expect([answer.status, (await read(call, cookie)).json.readOnly]).toEqual([201, true]);
    expectProblem(await disable(call, { cookie, ...samePage }), "READ_ONLY", 403);
    const out = await call("DELETE", "/v1/session", { headers: { cookie, ...samePage } });
    expect(out.status).toBe(200);
  });
});

test("another site can sign nobody in", async () => {
  const call = mount();
  const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
  expectProblem(await signIn(call, secret.otto, headers), "CROSS_SITE", 403);
});

test("a bearer token goes before the session beside it", async () => {
  const call = mount();
  const cookie = cookieOf(await signIn(call, secret.otto));
  const headers = { cookie, authorization: `Bearer ${secret.vera}` };
  expect((await call("GET", "/v1/session", { headers })).json.name).toBe("vera");
  const wrong = { cookie, authorization: "Bearer wrong-token-0123456789" };
  expectProblem(await call("GET", "/v1/session", { headers: wrong }), "UNAUTHENTICATED", 401);
});

test("an ended session counts as no wrong token", async () => {
  let now = Date.now();
  const call = mount(entries, { sessionMs: hourMs, now: () => now });
  const cookie = cookieOf(await signIn(call, secret.otto));
  now += hourMs;
  for (let attempt = 0; attempt < 40; attempt += 1) {
    expect((await read(call, cookie)).status).toBe(401);
  }
  expect((await signIn(call, secret.vera)).status).toBe(201);
});

test.each([
  ["a check of the embedding server's", () => ({ name: "vera", role: "admin" }) as const, "vera"],
  ["no check", "none" as const, "anonymous"],
])("with %s there is a caller, but no session to open", async (_, auth, name) => {
  const { call } = apiOf(muster, { auth });
  expect((await call("GET", "/v1/session")).json).toMatchObject({ name, sessions: false });
  expectProblem(await signIn(call, secret.otto), "ROUTE_NOT_FOUND", 404);
  expectProblem(await call("DELETE", "/v1/session"), "ROUTE_NOT_FOUND", 404);
});

test.each([0, 59_999, 31 * 24 * hourMs, Number.NaN])("sessionMs may not be %p", (sessionMs) => {
  expect(() => tokens(entries, { sessionMs })).toThrow("between a minute and 30 days");
});

test.each([
  ["Bun", serveBun],
  ["Node", serveNode],
])("over the network under %s the session opens the API, its stream too", async (_, serve) => {
  const { app } = apiOf(muster, { auth: tokens(entries) });
  const served = await serve(app, { port: 0 });
  try {
    const opened = await fetch(`${served.url}/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: secret.vera }),
    });
    const cookie = (opened.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const streamed = await fetch(`${served.url}/v1/events`, {
      headers: { cookie, accept: "text/event-stream" },
    });
    expect([opened.status, streamed.status]).toEqual([201, 200]);
    const reader = streamed.body?.getReader();
    const text = await until(
      "the stream begins",
      async () => new TextDecoder().decode((await reader?.read())?.value),
      (part) => part.includes("begun"),
    );
    expect(text).toContain("retry:");
    await reader?.cancel();
  } finally {
    await served.stop();
  }
});
