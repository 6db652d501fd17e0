/** The only place that names environment variables of this program. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Whom to ask, as the environment says. */
export interface ClientEnvironment {
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly context: string | undefined;
}

/** What a node of `muster serve` is made from, as the environment says; all as text. */
export interface ServeEnvironment {
  readonly cluster: string | undefined;
  readonly nodeId: string | undefined;
  readonly redisUrl: string | undefined;
  readonly appsDir: string | undefined;
  readonly appsHost: string | undefined;
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly auth: string | undefined;
  readonly tokensFile: string | undefined;
}

/** A variable set to nothing counts as not set. */
const read = (env: Environment, name: string): string | undefined => env[name] || undefined;

export const clientEnvironment = (env: Environment): ClientEnvironment => ({
  url: read(env, "MUSTER_URL"),
  token: read(env, "MUSTER_TOKEN"),
  tokenFile: read(env, "MUSTER_TOKEN_FILE"),
  context: read(env, "MUSTER_CONTEXT"),
});

export const serveEnvironment = (env: Environment): ServeEnvironment => ({
  cluster: read(env, "MUSTER_CLUSTER"),
  nodeId: read(env, "MUSTER_NODE_ID"),
  redisUrl: read(env, "MUSTER_REDIS_URL"),
  appsDir: read(env, "MUSTER_APPS_DIR"),
  appsHost: read(env, "MUSTER_APPS_HOST"),
  host: read(env, "MUSTER_HTTP_HOST"),
  port: read(env, "MUSTER_HTTP_PORT"),
  auth: read(env, "MUSTER_HTTP_AUTH"),
  tokensFile: read(env, "MUSTER_HTTP_TOKENS_FILE"),
});

/** A redis-server or valkey-server binary to prefer over those on PATH. */
export const redisServerBinary = (env: Environment): string | undefined =>
  read(env, "MUSTER_REDIS_SERVER");

/** Folder of the settings of this user, by the XDG rules; `undefined` without a home. */
export const userConfigFolder = (env: Environment): string | undefined => {
  const xdg = read(env, "XDG_CONFIG_HOME");
  if (xdg?.startsWith("/")) return `${xdg}/muster`;
  const home = read(env, "HOME") ?? read(env, "USERPROFILE");
  return home === undefined ? undefined : `${home}/.config/muster`;
};

/** Whether the environment wants colours: `undefined` where it does not say. */
export const colorWish = (env: Environment): boolean | undefined => {
  if (read(env, "NO_COLOR") !== undefined || env["TERM"] === "dumb") return false;
  const force = read(env, "FORCE_COLOR");
  return force === undefined ? undefined : force !== "0";
};
