/**
 * Apps: administrators change what is wanted on every node; nothing else ever does (I11), and when
 * all has healed every node has what is wanted, and says so (I6, I10).
 */
import { effectiveIntent } from "../../../apps/effective-intent.ts";
import type { AppIntentRow, AppState } from "../../../apps/intent.ts";
import { isMusterError } from "../../../errors.ts";
import { isoInstant } from "../../../model/instant.ts";
import type { Feature, FeatureFactory, Finding, World } from "../feature.ts";
import type { SimProcess } from "../process.ts";
import { Intents, type Request } from "./intents.ts";
import { ScriptedHost } from "./scripted-host.ts";

const appIds = ["crm", "chat", "mail"];
/** An ask of ten seconds, then up to two for the row. */
const changeMs = 12_000;
const attempts = 3;

const wishes = [
  ...(["enabled", "enabled", "disabled", "settings", "update"] as const),
  ...(["enabled", "disabled", "settings", "rollback", "pause", "resume", "uninstall"] as const),
] as const;
/** In every other seed apps come and go on as they are: more is then changed of each. */
const fewWishes = ["enabled", "disabled", "settings"] as const;
type Wish = (typeof wishes)[number];

const asIs = (...changes: Request["changes"]) => ({ changes, desired: "as-it-is" as const });
/** What may come of a wish. */
const asked: Readonly<Record<Wish, Pick<Request, "changes" | "desired">>> = {
  enabled: { changes: ["enabled", "installed"], desired: "enabled" },
  disabled: { changes: ["disabled", "installed"], desired: "disabled" },
  settings: asIs("settings"),
  update: asIs("updated"),
  rollback: asIs("rolled_back"),
  pause: asIs("paused"),
  resume: asIs("resumed"),
  uninstall: { changes: ["uninstalled"], desired: "uninstalled" },
};
/** Others change it too, and some nodes hear of that later. */
const refusals: ReadonlySet<string> = new Set([
  "APP_EXISTS",
  "APP_NOT_FOUND",
  "APP_PAUSED",
  "APP_UNINSTALLING",
  "NO_PREVIOUS_VERSION",
  "VALIDATION",
]);

class Administrator {
  readonly #world: World;
  readonly #intents: Intents;
  readonly #process: SimProcess;
  #n = 0;

  constructor(world: World, intents: Intents, process: SimProcess) {
    this.#world = world;
    this.#intents = intents;
    this.#process = process;
  }

  get #isWanted(): boolean {
    return this.#world.isActive && this.#process.state === "running";
  }

  async run(): Promise<void> {
    const random = this.#process.random.fork();
    while (this.#isWanted) {
      const isFew = this.#world.seed % 2 === 1;
      const wish = random.pick<Wish>(isFew ? fewWishes : wishes);
      const app = random.pick(appIds);
      await this.#change(app, wish, random.chance(0.4), isFew ? 0 : random.draw());
      await new Promise<void>((resolve) => {
        this.#process.clock.after(random.between(100, 2_500), resolve);
      });
    }
  }

  async #change(app: string, wish: Wish, keyed: boolean, chance: number): Promise<void> {
    this.#n += 1;
    const { name } = this.#process;
    const reason = `${name}/${this.#n}`;
    const request = this.#intents.ask(reason, { app, by: name, ...asked[wish] });
    for (let attempt = 1; request.fate === "open"; attempt++) {
      try {
        const how = { reason, ...(keyed && { idempotencyKey: reason }) };
        const change = this.#send(app, wish, how, chance);
        const what = `the change ${reason}`;
        const { changed } = await this.#world.promises.watch(this.#process, changeMs, what, change);
        this.#intents.answered(reason, request, changed);
      } catch (error) {
        this.#failed(reason, request, error, keyed && attempt < attempts, attempt);
      }
    }
    this.#world.trace(`${reason} ${request.fate}`);
  }

  #send(app: string, wish: Wish, how: { readonly reason: string }, chance: number) {
    const { muster, name } = this.#process;
    const { apps } = muster.as({ name, role: "admin" });
    const isKnown = muster.apps.list().items.some(({ id }) => id === app);
    switch (wish) {
      case "enabled":
      case "disabled":
        if (isKnown) return wish === "enabled" ? apps.enable(app, how) : apps.disable(app, how);
        return apps.install({ id: app, version: "1.0.0", desiredStatus: wish, ...how });
      case "settings":
        return apps.settings(app, { settings: { level: this.#n }, ...how });
      case "update": {
        const version = `1.${Math.floor(chance * 3)}.0`;
        return apps.update(app, {
          version,
          ...(chance * 30 - Math.floor(chance * 30) < 0.4 && { canary: 1 }),
          ...how,
        });
      }
      case "rollback":
        return apps.rollback(app, how);
      case "pause": {
        const now = Date.parse(muster.apps.list().asOf);
        const until = isoInstant(now + 500 + Math.floor(chance * 4_000));
        return apps.pause(app, { until, ...how });
      }
      case "resume":
        return apps.resume(app, how);
      case "uninstall":
        return apps.uninstall(app, { force: chance < 0.5, ...how });
    }
  }

  #failed(reason: string, request: Request, error: unknown, again: boolean, attempt: number): void {
    if (!isMusterError(error)) {
      this.#world.violations.add("error", String(error));
      request.fate = "unknown";
      return;
    }
    if (again && !refusals.has(error.code) && this.#isWanted) return;
    if (error.outcome === "not-applied" && attempt === 1) this.#intents.notApplied(reason, request);
    else request.fate = "unknown";
  }
}

/** Apps, their administrators and a scripted host on every node. */
export const apps: FeatureFactory = (world): Feature => {
  const { store, violations } = world;
  const intents = new Intents(world);
  const hosts = new Map<string, ScriptedHost>();
  const purges = new Set<string>();
  /** What apps have left on the disk of a node, whatever process it is. */
  const traces = new Map<string, Map<string, string>>();
  const tracesOf = (node: string): Map<string, string> => {
    const known = traces.get(node) ?? new Map<string, string>();
    traces.set(node, known);
    return known;
  };

  /** What is left of an app that was uninstalled. */
  const leftOf = ({ muster, name, node }: SimProcess, row: AppIntentRow): Finding[] => {
    const what = `app ${row.id}, uninstalled, on ${name}`;
    const findings: Finding[] = [];
    const isPurged = row.uninstall?.phase === "purged";
    if (!isPurged) findings.push({ invariant: "I6", detail: `${what}: ${row.uninstall?.phase}` });
    if (isPurged && !purges.has(`${row.id} ${row.installId}`)) {
      findings.push({ invariant: "I2", detail: `${what}: said to be purged, and was not` });
    }
    if (hosts.get(name)?.runs(row.id)) {
      findings.push({ invariant: "I6", detail: `${what}: it runs` });
    }
    // Data that was lost may have told what it had left, as may what a killed process had to report.
    if (isPurged && !world.hasLost && traces.get(node)?.get(row.id) === name) {
      findings.push({ invariant: "I6", detail: `${what}: it has left something` });
    }
    if (isPurged && muster.apps.list().items.some(({ id }) => id === row.id)) {
      findings.push({ invariant: "I10", detail: `${what}: it is listed` });
    }
    return findings;
  };

  /** What one node has otherwise than wanted, or says otherwise than it is. */
  const unlike = (process: SimProcess, row: AppIntentRow): Finding[] => {
    const { muster, name, node } = process;
    if (row.desiredStatus === "uninstalled") return leftOf(process, row);
    const intent = effectiveIntent(row, node);
    const isWanted = intent.desiredStatus === "enabled";
    const findings: Finding[] = [];
    const host = hosts.get(name);
    const has = host?.runs(intent.id) ?? false;
    const local = muster.apps.local(intent.id)?.enabled ?? false;
    const what = `app ${intent.id}, ${intent.desiredStatus}, on ${name}`;
    if (row.paused) findings.push({ invariant: "I6", detail: `${what}: its pause has not ended` });
    if (row.rollout?.phase === "canary") {
      findings.push({ invariant: "I6", detail: `${what}: its update has come to no end` });
    }
    if (has !== isWanted) {
      findings.push({ invariant: "I6", detail: `${what}: it ${has ? "runs" : "does not run"}` });
    }
    const settings = host?.settingsOf(intent.id);
    if (isWanted && has && JSON.stringify(settings) !== JSON.stringify(intent.settings)) {
      findings.push({ invariant: "I6", detail: `${what}: it runs with other settings` });
    }
    if (isWanted && has && host?.versionOf(intent.id) !== intent.version) {
      findings.push({ invariant: "I6", detail: `${what}: it runs another version` });
    }
    if (local !== has)
      findings.push({ invariant: "I10", detail: `${what}: local() says ${local}` });
    const seen = muster.apps.list().items.find(({ id }) => id === intent.id);
    if (seen?.intentId !== row.intentId) {
      findings.push({ invariant: "I10", detail: `${what}: shown under another intent` });
    } else if (seen.drifted > 0) {
      findings.push({ invariant: "I10", detail: `${what}: shown as drifted` });
    }
    return findings;
  };

  return {
    name: "apps",
    compose: (process) => {
      const host = new ScriptedHost(world, process, {
        traces: tracesOf(process.node),
        purges,
      });
      hosts.set(process.name, host);
      return { apps: { host: host.asHost, slowRetryMs: 1_000, hookTimeoutMs: 2_000 } };
    },
    began: (process) => void new Administrator(world, intents, process).run(),
    stopped: ({ name }) => {
      for (const app of hosts.get(name)?.inUse ?? []) {
        violations.add("error", `${name} has stopped in order and left ${app} running`);
      }
    },
    ended: ({ name }) => void hosts.delete(name),
    states: {
      app: (id, state) => intents.written(id, state as AppState),
    },
    rows: { app: (id, row) => intents.listed(id, row) },
    lost: () => intents.lost(store.rows("app")),
    unsettled: () =>
      world
        .processes()
        .flatMap((process) =>
          [...store.rows("app").values()].flatMap((row) => unlike(process, row as AppIntentRow)),
        ),
    counts: () => ({ intents: intents.count }),
  };
};
