export {
  type Authenticator,
  type BrowserSessions,
  type CustomAuth,
  type Peer,
  type TokenEntry,
  type TokensOptions,
  tokens,
} from "./auth.ts";
export type { LegacyAppInfo, LegacyNodeStatus } from "./compat/legacy-app.ts";
export {
  type CompatOptions,
  createRocketChatCompat,
  type LegacyPackage,
  type LegacySource,
} from "./compat/rocketchat.ts";
export { createHttp, type HttpOptions } from "./create-http.ts";
export { createMetrics, type Metrics, type MetricsOptions } from "./metrics/create-metrics.ts";
export { type HttpCode, httpCodes, type ProblemCode } from "./problem.ts";
export { serveBun } from "./serve/bun.ts";
export { toFastify } from "./serve/fastify.ts";
export { serveNode, toNodeHandler } from "./serve/node.ts";
export type { Fetcher, Served, ServeOptions } from "./serve/served.ts";
export type { Session } from "./sessions.ts";
