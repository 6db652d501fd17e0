/** Serves under Bun. */
import { problemResponse } from "../problem.ts";
import { addressOf, type Fetcher, type Served, type ServeOptions, stopGraceMs } from "./served.ts";

interface BunRuntime {
  serve(options: {
    readonly port: number;
    readonly hostname: string;
    readonly development: false;
    readonly reusePort: false;
    readonly idleTimeout: number;
    fetch(request: Request, server: unknown): Response | Promise<Response>;
  }): { readonly port: number; stop(closeActive?: boolean): Promise<void> };
}

/**
 * Starts a server of its own.
 * @throws Error when the port is taken, or outside Bun
 */
export const serveBun = (app: Fetcher, options: ServeOptions): Served => {
  const runtime = (globalThis as { readonly Bun?: BunRuntime }).Bun;
  if (!runtime) throw new Error("serveBun runs under Bun only; use serveNode.");
  const hostname = options.hostname ?? "127.0.0.1";
  const server = runtime.serve({
    port: options.port,
    hostname,
    development: false,
    // Outside development Bun shares a port with any other process that asks for it.
    reusePort: false,
    // In seconds; streams send a sign of life twice as often.
    idleTimeout: 30,
    fetch: (request, bun) =>
      // Without a Host the address Bun gives is no URL.
      URL.canParse(request.url)
        ? app.fetch(request, bun)
        : problemResponse("MALFORMED_REQUEST", "The request has no valid Host.", "none"),
  });
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const cut = setTimeout(() => void server.stop(true), stopGraceMs);
    await server.stop();
    clearTimeout(cut);
  };
  return {
    port: server.port,
    url: addressOf(hostname, server.port),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
};
