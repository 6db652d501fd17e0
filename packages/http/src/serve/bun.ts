/** Serves under Bun. */
import { addressOf, type Fetcher, type Served, type ServeOptions } from "./served.ts";

interface BunRuntime {
  serve(options: {
    readonly port: number;
    readonly hostname: string;
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
    fetch: (request, bun) => app.fetch(request, bun),
  });
  let stopping: Promise<void> | undefined;
  return {
    port: server.port,
    url: addressOf(hostname, server.port),
    stop: () => {
      stopping ??= server.stop(true);
      return stopping;
    },
  };
};
