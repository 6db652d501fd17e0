import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { Muster } from "@muster/core";
// @ts-expect-error it brings no types
import untypedExpress from "express";
import { createHttp } from "../create-http.ts";
import { startNode, threeCallers } from "../http-kit.test.ts";
import { expectProblem } from "../problem-kit.test.ts";
import { toNodeHandler } from "./node.ts";
import { expectServed, sendJson } from "./serve-kit.test.ts";

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
});
afterAll(() => muster.stop());

const handler = () => toNodeHandler(createHttp(muster, { auth: threeCallers() }));
const withServer = async (listener: RequestListener, act: (url: string) => Promise<void>) => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await act(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

interface Express extends RequestListener {
  (incoming: IncomingMessage, outgoing: ServerResponse): void;
  use(...parts: readonly unknown[]): Express;
}
/** Typed here, since its types are a package of their own. */
interface ExpressModule {
  (): Express;
  json(): unknown;
  text(options: object): unknown;
  raw(options: object): unknown;
  urlencoded(options: object): unknown;
}
const express: ExpressModule = untypedExpress;

test("plain http", () => withServer(handler(), (url) => expectServed(url, "by-http")));

describe("Express", () => {
  test("below a path", () =>
    withServer(express().use("/ops", handler()), (url) =>
      expectServed(`${url}/ops`, "by-express"),
    ));

  test("below a path with a parameter", () =>
    withServer(express().use("/:tenant/ops", handler()), (url) =>
      expectServed(`${url}/blue/ops`, "by-tenant"),
    ));

  test.each([
    ["json", () => express.json()],
    ["text", () => express.text({ type: "*/*" })],
    ["raw", () => express.raw({ type: "*/*" })],
  ])("behind the body parser %s", async (name, parser) => {
    const app = express().use(parser()).use("/ops", handler());
    await withServer(app, async (url) => {
      const body = { id: `behind-${name}`, version: "1.0.0", reason: "ünï 🚀" };
      const made = await sendJson(`${url}/ops/v1/apps`, body);
      expect([made.status, made.json.reason]).toEqual([201, "ünï 🚀"]);
      expectProblem(await sendJson(`${url}/ops/v1/apps`, { id: 1 }), "VALIDATION", 422);
      expectProblem(
        await sendJson(`${url}/ops/v1/apps`, { reason: "x" }, { "content-type": "text/plain" }),
        "UNSUPPORTED_MEDIA_TYPE",
        415,
      );
    });
  });

  test("behind a parser of forms a form is still no JSON", async () => {
    const app = express()
      .use(express.urlencoded({ extended: true }))
      .use("/ops", handler());
    await withServer(app, async (url) => {
      const type = { "content-type": "application/x-www-form-urlencoded" };
      expectProblem(
        await sendJson(`${url}/ops/v1/apps`, "id=x", type),
        "UNSUPPORTED_MEDIA_TYPE",
        415,
      );
    });
  });
});

describe("a body that somebody else has read", () => {
  /** Reads the stream to its end, and leaves something in its place. */
  const behindReader =
    (
      leave: (
        incoming: IncomingMessage & { body?: unknown; rawBody?: unknown },
        bytes: Buffer,
      ) => void,
    ): RequestListener =>
    async (incoming, outgoing) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      leave(incoming, Buffer.concat(chunks));
      handler()(incoming, outgoing);
    };
  const body = (id: string) => ({ id, version: "1.0.0", reason: "x" });

  test.each<[string, Parameters<typeof behindReader>[0]]>([
    [
      "an object in body",
      (incoming, bytes) => {
        incoming.body = JSON.parse(bytes.toString());
      },
    ],
    [
      "text in body",
      (incoming, bytes) => {
        incoming.body = bytes.toString();
      },
    ],
    [
      "bytes in body",
      (incoming, bytes) => {
        incoming.body = bytes;
      },
    ],
    [
      "bytes in rawBody",
      (incoming, bytes) => {
        incoming.rawBody = bytes;
      },
    ],
    [
      "text in rawBody beside an object in body",
      (incoming, bytes) => {
        incoming.rawBody = bytes.toString();
        incoming.body = JSON.parse(bytes.toString());
      },
    ],
  ])("is taken from %s", async (name, leave) => {
    await withServer(behindReader(leave), async (url) => {
      const made = await sendJson(`${url}/v1/apps`, body(name.replaceAll(" ", "-").toLowerCase()));
      expect([made.status, made.json.code]).toEqual([201, undefined]);
    });
  });

  test.each<[string, Parameters<typeof behindReader>[0]]>([
    ["nothing", () => {}],
    [
      "what is no JSON value",
      (incoming) => {
        incoming.body = () => {};
      },
    ],
  ])("and is gone is named as such when %s is left", async (_, leave) => {
    await withServer(behindReader(leave), async (url) => {
      expectProblem(await sendJson(`${url}/v1/apps`, body("gone")), "BODY_ALREADY_READ", 500);
      expect(() => muster.apps.get("gone")).toThrow();
    });
  });

  test("is held to the limit all the same", async () => {
    const leave = behindReader((incoming, bytes) => {
      incoming.body = bytes;
    });
    await withServer(leave, async (url) => {
      expectProblem(await sendJson(`${url}/v1/apps`, "x".repeat(300_000)), "BODY_TOO_LARGE", 413);
    });
  });
});
