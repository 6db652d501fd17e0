/** A server that was started here. */
export interface Served {
  /** Base address, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Ends it: open requests get a moment to end. Safe to call twice. */
  stop(): Promise<void>;
}

export interface ServeOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** @defaultValue "127.0.0.1" */
  readonly hostname?: string;
}

/** What every Hono app offers. */
export interface Fetcher {
  fetch(request: Request, env?: unknown): Response | Promise<Response>;
}

/** How long open requests may take to end when a server is stopped. */
export const stopGraceMs = 2_000;

export const addressOf = (hostname: string, port: number): string =>
  `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
