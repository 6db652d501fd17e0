/** Serves under Node's http module, alone or inside Express, Connect and plain `http`. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { problemOf, problemResponse } from "../problem.ts";
import { toDirectory } from "../serve-page.ts";
import { markSpent } from "../spent-body.ts";
import { addressOf, type Fetcher, type Served, type ServeOptions, stopGraceMs } from "./served.ts";

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

const isRequestError = (error: unknown): boolean =>
  error instanceof Error && error.name === "RequestError";

/** Answers also what never becomes a request: a Host or a target that is none. */
const listenerOf = (app: Fetcher): Listener =>
  getRequestListener((request, env) => app.fetch(request, env), {
    overrideGlobalObjects: false,
    errorHandler: (error) =>
      isRequestError(error)
        ? problemResponse("MALFORMED_REQUEST", "The Host or the target is not valid.", "none")
        : problemOf(error, "none"),
  }) as Listener;

/** Starts a server of its own; rejects when the port is taken. */
export const serveNode = (app: Fetcher, options: ServeOptions): Promise<Served> => {
  const hostname = options.hostname ?? "127.0.0.1";
  const listener = listenerOf(app);
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, hostname, () => {
      server.off("error", reject);
      // One that cannot be accepted, for want of file handles say, must not end the process (I9).
      server.on("error", () => {});
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
  rawBody?: unknown;
  originalUrl?: string;
};

const bytesOf = (body: unknown): Buffer | undefined => {
  if (Buffer.isBuffer(body)) return body;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return text === undefined ? undefined : Buffer.from(text);
};

/** Links of the page are relative, and a mount hides whether its address ended with a slash. */
const redirectOf = ({ method, url, originalUrl }: ParsedRequest): string | undefined => {
  if ((method !== "GET" && method !== "HEAD") || originalUrl === undefined) return undefined;
  const [path = "", ...search] = originalUrl.split("?");
  if (url?.split("?", 1)[0] !== "/" || path.endsWith("/")) return undefined;
  const query = search.length > 0 ? `?${search.join("?")}` : "";
  return toDirectory(path, query).headers.get("location") ?? undefined;
};

/**
 * Makes a handler for Express, Connect and plain `http`. Behind a body parser its result is taken,
 * since the stream has been read by then.
 */
export const toNodeHandler = (
  app: Fetcher,
): ((incoming: IncomingMessage, outgoing: ServerResponse) => void) => {
  const listener = listenerOf(app);
  return (incoming, outgoing) => {
    const parsed: ParsedRequest = incoming;
    const location = redirectOf(parsed);
    if (location !== undefined) {
      outgoing.writeHead(302, { location }).end();
      return;
    }
    if (!Buffer.isBuffer(parsed.rawBody) && incoming.readableDidRead) {
      const bytes = parsed.body === undefined ? undefined : bytesOf(parsed.body);
      if (bytes) parsed.rawBody = bytes;
      else markSpent(incoming);
    }
    void listener(incoming, outgoing);
  };
};
