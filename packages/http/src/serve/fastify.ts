/** Serves inside Fastify, whose reply is handed over to the node handler. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { toNodeHandler } from "./node.ts";
import type { Fetcher } from "./served.ts";

interface RequestLike {
  readonly raw: IncomingMessage & { originalUrl?: string };
}
interface ReplyLike {
  hijack(): unknown;
  readonly raw: ServerResponse;
}
interface FastifyLike {
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown;
  removeAllContentTypeParsers(): unknown;
  all(path: string, handler: (request: RequestLike, reply: ReplyLike) => void): unknown;
  readonly prefix: string;
}

/** Takes as many segments off as the prefix has, since some of them may be parameters. */
const below = (prefix: string, url: string): string => {
  const depth = prefix.split("/").filter((segment) => segment !== "").length;
  const [path = "", ...search] = url.split("?");
  const rest = `/${path
    .split("/")
    .slice(1 + depth)
    .join("/")}`;
  return search.length > 0 ? `${rest}?${search.join("?")}` : rest;
};

/** Makes a Fastify plugin: `fastify.register(toFastify(ops), { prefix: "/ops" })`. */
export const toFastify =
  (app: Fetcher) =>
  (fastify: FastifyLike, _options: unknown, done: () => void): void => {
    const handler = toNodeHandler(app);
    // The body stays a stream, so that its size is bounded here.
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser("*", (_request, _payload, next) => next(null));
    const pass = ({ raw }: RequestLike, reply: ReplyLike) => {
      reply.hijack();
      const url = raw.url ?? "/";
      raw.originalUrl = url;
      raw.url = below(fastify.prefix, url);
      handler(raw, reply.raw);
    };
    fastify.all("/", pass);
    fastify.all("/*", pass);
    done();
  };
