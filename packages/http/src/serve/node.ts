/** Serves under Node's http module, alone or inside Express, Connect and Fastify. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { addressOf, type Fetcher, type Served, type ServeOptions } from "./served.ts";

const stopGraceMs = 2_000;

/** Starts a server of its own; rejects when the port is taken. */
export const serveNode = (app: Fetcher, options: ServeOptions): Promise<Served> => {
  const hostname = options.hostname ?? "127.0.0.1";
  const server = createServer(
    getRequestListener((request, env) => app.fetch(request, env), {
      overrideGlobalObjects: false,
    }),
  );
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, hostname, () => {
      server.off("error", reject);
      const { port } = server.address() as AddressInfo;
      let stopping: Promise<void> | undefined;
      resolve({
        port,
        url: addressOf(hostname, port),
        stop: () => {
          stopping ??= new Promise((done) => {
            const cut = setTimeout(() => server.closeAllConnections(), stopGraceMs);
            server.close(() => {
              clearTimeout(cut);
              done();
            });
            server.closeIdleConnections();
          });
          return stopping;
        },
      });
    });
  });
};

type ParsedRequest = IncomingMessage & {
  body?: unknown;
  rawBody?: Buffer;
  originalUrl?: string;
};

/**
 * Makes a handler for Express, Connect and plain `http`. Behind a body parser its result is taken,
 * since the stream has been read by then.
 */
export const toNodeHandler = (
  app: Fetcher,
): ((incoming: IncomingMessage, outgoing: ServerResponse) => void) => {
  const listener = getRequestListener((request, env) => app.fetch(request, env), {
    overrideGlobalObjects: false,
  });
  return (incoming, outgoing) => {
    const parsed: ParsedRequest = incoming;
    if (parsed.body !== undefined && parsed.rawBody === undefined && incoming.readableEnded) {
      const { body } = parsed;
      parsed.rawBody = Buffer.isBuffer(body)
        ? body
        : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
    }
    void listener(incoming, outgoing);
  };
};

interface FastifyLike {
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): void;
  removeAllContentTypeParsers(): void;
  all(
    path: string,
    handler: (
      request: { readonly raw: IncomingMessage },
      reply: { hijack(): void; readonly raw: ServerResponse },
    ) => void,
  ): void;
  readonly prefix: string;
}

/** Makes a Fastify plugin: `fastify.register(toFastify(ops), { prefix: "/ops" })`. */
export const toFastify =
  (app: Fetcher) =>
  (fastify: FastifyLike, _options: unknown, done: () => void): void => {
    const handler = toNodeHandler(app);
    // The body stays a stream, so that its size is bounded here.
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser("*", (_request, _payload, next) => next(null));
    const pass = (
      request: { readonly raw: IncomingMessage },
      reply: { hijack(): void; readonly raw: ServerResponse },
    ) => {
      reply.hijack();
      const { raw } = request;
      raw.url = (raw.url ?? "/").slice(fastify.prefix.length) || "/";
      handler(raw, reply.raw);
    };
    fastify.all("/", pass);
    fastify.all("/*", pass);
    done();
  };
