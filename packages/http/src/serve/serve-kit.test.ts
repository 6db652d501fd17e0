/** What holds for the API wherever it is served, asked over real connections. */
import { expect } from "bun:test";
import { connect } from "node:net";
import { type Answer, answerOf, tokenOf } from "../http-kit.test.ts";
import { expectProblem } from "../problem-kit.test.ts";

export const ask = async (url: string, init: RequestInit = {}): Promise<Answer> =>
  answerOf(await fetch(url, { redirect: "manual", ...init }));

export const sendJson = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${tokenOf.admin}`,
      "content-type": "application/json",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

/** Sends bytes as they are and answers all that comes back until the other end closes or is done. */
export const sendRaw = (port: number, ...parts: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    let isAnswered = false;
    const end = () => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(5_000, () => (isAnswered ? end() : reject(new Error(`no answer: ${text}`))));
    socket.on("error", () => end());
    socket.on("close", () => end());
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const head = text.indexOf("\r\n\r\n");
      const length = /content-length: (\d+)/i.exec(text)?.[1];
      isAnswered = head >= 0;
      if (isAnswered && length !== undefined && text.length >= head + 4 + Number(length)) end();
    });
    socket.on("connect", () => {
      for (const part of parts) socket.write(part);
    });
  });

export const statusOf = (raw: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(raw)?.[1] ?? 0);
export const codeOf = (raw: string): string | undefined => /"code":"([A-Z_]+)"/.exec(raw)?.[1];

const mebibyte = "x".repeat(1_048_576);

/**
 * Asks all kinds of things; `base` is the address of the mount without its last slash, `id` an app
 * that is not there yet.
 */
export const expectServed = async (base: string, id: string): Promise<void> => {
  const authorization = `Bearer ${tokenOf.admin}`;
  const read = (path: string, init: RequestInit = {}) =>
    ask(`${base}${path}`, { headers: { authorization }, ...init });

  expect((await ask(`${base}/healthz`)).json).toEqual({ status: "ok" });
  expectProblem(await ask(`${base}/v1/status`), "UNAUTHENTICATED", 401);
  const status = await read("/v1/status");
  expect([status.status, status.json.cluster]).toEqual([200, "shop"]);
  const etag = status.headers.get("etag") ?? "";
  const again = await read("/v1/status", { headers: { authorization, "if-none-match": etag } });
  expect([again.status, again.text]).toEqual([304, ""]);
  const head = await read("/v1/status", { method: "HEAD" });
  expect([head.status, head.text]).toEqual([200, ""]);

  const made = await sendJson(`${base}/v1/apps`, { id, version: "1.0.0", reason: "ünï 🚀" });
  expect([made.status, made.json.reason, made.json.changedBy]).toEqual([201, "ünï 🚀", "anna"]);
  const changed = await sendJson(`${base}/v1/apps/${id}/disable`, { reason: "x" });
  expect([changed.status, changed.json.changed]).toEqual([200, true]);
  expect((await read(`/v1/apps/${id}`)).json.desiredStatus).toBe("disabled");
  expect((await read(`/v1/apps?limit=500&q=${id}`)).json.items).toHaveLength(1);

  expectProblem(await read("/nope"), "ROUTE_NOT_FOUND", 404);
  expectProblem(await read("/v1/apps/a%2fb"), "VALIDATION", 422);
  expectProblem(await read("/v1/status", { method: "PUT", body: "{}" }), "METHOD_NOT_ALLOWED", 405);
  expectProblem(await sendJson(`${base}/v1/apps`, { id: 1 }), "VALIDATION", 422);
  expectProblem(await sendJson(`${base}/v1/apps`, mebibyte), "BODY_TOO_LARGE", 413);
  const stream = new ReadableStream({
    start: (controller) => {
      for (let i = 0; i < 4; i += 1)
        controller.enqueue(new TextEncoder().encode(mebibyte.slice(0, 100_000)));
      controller.close();
    },
  });
  const chunked = await ask(`${base}/v1/apps`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: stream,
    duplex: "half",
  } as RequestInit);
  expectProblem(chunked, "BODY_TOO_LARGE", 413);

  const bare = await ask(`${base}?x=1`);
  const url = new URL(base);
  if (url.pathname !== "/") {
    expect([bare.status, new URL(bare.headers.get("location") ?? "", base).href]).toEqual([
      302,
      `${base}/?x=1`,
    ]);
  }
  const page = await ask(`${base}/?x=1`);
  expect([page.status, page.headers.get("content-type")]).toEqual([
    200,
    "text/html; charset=utf-8",
  ]);
};
