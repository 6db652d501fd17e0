/**
 * A redis-server or valkey-server binary of version 7 or later. Only the binary is wanted: tests and
 * demo start private servers, so a system service is neither started nor enabled.
 */
import { findInstalled, findProgram, SetupError, say } from "./paths.mjs";
import { run } from "./run.mjs";

const oldest = 7;
const names = ["redis-server", "valkey-server"];

const versionOf = async (path) =>
  /v=(\d+\.\d+[\w.]*)/.exec((await run(path, ["--version"])).output)?.[1];

/** The path of a fit server, and what was found instead. */
export const findRedis = async () => {
  const tooOld = [];
  const chosen = process.env.MUSTER_REDIS_SERVER;
  const candidates = chosen ? [findProgram(chosen) ?? chosen] : names.map(findInstalled);
  for (const path of candidates) {
    if (path === undefined) continue;
    const version = await versionOf(path);
    if (version && Number.parseInt(version, 10) >= oldest) return { path, tooOld };
    tooOld.push(`${path} ${version ?? "(does not start)"}`);
  }
  return { path: undefined, tooOld };
};

// policy-rc.d is what Debian asks before it starts a service; an existing one is left as it is.
const aptScript = `set -e
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
fi
apt="apt-get -q -o DPkg::Lock::Timeout=300"
$apt update || echo "apt-get update failed; trying with the lists at hand"
$apt install -y --no-install-recommends redis-server || $apt install -y --no-install-recommends valkey-server
if [ -d /run/systemd/system ]; then
  systemctl disable redis-server valkey-server 2>/dev/null || true
fi`;

/** By package manager: what we run, and what a person would type. */
const managers = [
  {
    program: "apt-get",
    root: true,
    script: aptScript,
    typed: "sudo apt-get update && sudo apt-get install -y redis-server",
  },
  {
    program: "dnf",
    root: true,
    script: "dnf install -y valkey || dnf install -y redis",
    typed: "sudo dnf install -y valkey",
  },
  {
    program: "apk",
    root: true,
    script: "apk add --no-cache redis || apk add --no-cache valkey",
    typed: "sudo apk add redis",
  },
  { program: "brew", root: false, script: "brew install redis", typed: "brew install redis" },
];

const asRoot = async () => {
  if (process.getuid?.() === 0) return [];
  const sudo = findProgram("sudo");
  if (sudo && (await run(sudo, ["-n", "true"])).code === 0) return [sudo, "-n"];
  return undefined;
};

const missing = (tooOld, remedy) => {
  const met = tooOld.length > 0 ? ` Found, but of no use: ${tooOld.join(", ")}.` : "";
  return new SetupError(
    `Muster's tests and demo need a redis-server or valkey-server ${oldest}.0 or later.${met}\n${remedy}\n` +
      "Or name a binary: MUSTER_REDIS_SERVER=/path/to/redis-server",
  );
};

/** Finds a server or installs one. @returns its path */
export const ensureRedis = async () => {
  const { path, tooOld } = await findRedis();
  if (path) return path;
  if (process.env.MUSTER_REDIS_SERVER) {
    throw missing(tooOld, "MUSTER_REDIS_SERVER does not name one that starts.");
  }
  const manager = managers.find(({ program }) => findInstalled(program));
  if (!manager) {
    throw missing(
      tooOld,
      "No known package manager is here: install one from https://redis.io or https://valkey.io.",
    );
  }
  const prefix = manager.root ? await asRoot() : [];
  if (!prefix)
    throw missing(
      tooOld,
      `Installing one needs root, and sudo is missing or asks for a password. Run:\n  ${manager.typed}`,
    );
  say(`installing a Redis binary by ${manager.program} (no service is started)`);
  const [program, ...args] = [...prefix, "sh", "-c", manager.script];
  const { code, output } = await run(program, args);
  const after = await findRedis();
  if (after.path) return after.path;
  if (code !== 0) process.stderr.write(`${output.trim()}\n`);
  throw missing(after.tooOld, `${manager.program} did not provide one. Try:\n  ${manager.typed}`);
};
