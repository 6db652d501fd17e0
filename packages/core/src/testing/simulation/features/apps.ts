/**
 * Apps: administrators change what is wanted on every node; nothing else ever does (I11), and when
 * all has healed every node has what is wanted, and says so (I6, I10).
 */
import type { AppIntentRow, AppState } from "../../../apps/intent.ts";
import { isMusterError } from "../../../errors.ts";
import type { Feature, FeatureFactory, Finding, World } from "../feature.ts";
import type { SimProcess } from "../process.ts";
import { Intents, type Request } from "./intents.ts";
import { ScriptedHost } from "./scripted-host.ts";

const appIds = ["crm", "chat", "mail"];
/** An ask of ten seconds, then up to two for the row. */
const changeMs = 12_000;
const attempts = 3;

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
      const desired = random.pick(["enabled", "disabled", "as-it-is"] as const);
      await this.#change(random.pick(appIds), desired, random.chance(0.4));
      await new Promise<void>((resolve) => {
        this.#process.clock.after(random.between(100, 2_500), resolve);
      });
    }
  }

  async #change(app: string, desired: Request["desired"], keyed: boolean): Promise<void> {
    this.#n += 1;
    const { name } = this.#process;
    const reason = `${name}/${this.#n}`;
    const request = this.#intents.ask(reason, { app, desired, by: name });
    for (let attempt = 1; request.fate === "open"; attempt++) {
      try {
        const change = this.#send(app, desired, {
          reason,
          ...(keyed && { idempotencyKey: reason }),
        });
        const what = `the change ${reason}`;
        const { changed } = await this.#world.promises.watch(this.#process, changeMs, what, change);
        this.#intents.answered(reason, request, changed);
      } catch (error) {
        this.#failed(reason, request, error, keyed && attempt < attempts, attempt);
      }
    }
    this.#world.trace(`${reason} ${request.fate}`);
  }

  #send(app: string, desired: Request["desired"], how: { readonly reason: string }) {
    const { muster, name } = this.#process;
    const { apps } = muster.as({ name, role: "admin" });
    if (desired === "as-it-is") {
      return apps.settings(app, { settings: { level: this.#n }, ...how });
    }
    const isKnown = muster.apps.list().items.some(({ id }) => id === app);
    if (!isKnown)
      return apps.install({ id: app, version: "1.0.0", desiredStatus: desired, ...how });
    return desired === "enabled" ? apps.enable(app, how) : apps.disable(app, how);
  }

  #failed(reason: string, request: Request, error: unknown, again: boolean, attempt: number): void {
    if (!isMusterError(error)) {
      this.#world.violations.add("error", String(error));
      request.fate = "unknown";
      return;
    }
    // Others install it too, and some nodes hear of that later.
    const isRefused = error.code === "APP_EXISTS" || error.code === "APP_NOT_FOUND";
    if (again && !isRefused && this.#isWanted) return;
    if (error.outcome === "not-applied" && attempt === 1) this.#intents.notApplied(reason, request);
    else request.fate = "unknown";
  }
}

/** Apps, their administrators and a scripted host on every node. */
export const apps: FeatureFactory = (world): Feature => {
  const { store, violations } = world;
  const intents = new Intents(world);
  const hosts = new Map<string, ScriptedHost>();

  /** What one node has otherwise than wanted, or says otherwise than it is. */
  const unlike = ({ name, muster }: SimProcess, intent: AppIntentRow): Finding[] => {
    const isWanted = intent.desiredStatus === "enabled";
    const findings: Finding[] = [];
    const has = hosts.get(name)?.runs(intent.id) ?? false;
    const local = muster.apps.local(intent.id)?.enabled ?? false;
    const what = `app ${intent.id}, ${intent.desiredStatus}, on ${name}`;
    if (has !== isWanted) {
      findings.push({ invariant: "I6", detail: `${what}: it ${has ? "runs" : "does not run"}` });
    }
    const settings = hosts.get(name)?.settingsOf(intent.id);
    if (isWanted && has && JSON.stringify(settings) !== JSON.stringify(intent.settings)) {
      findings.push({ invariant: "I6", detail: `${what}: it runs with other settings` });
    }
    if (local !== has)
      findings.push({ invariant: "I10", detail: `${what}: local() says ${local}` });
    const seen = muster.apps.list().items.find(({ id }) => id === intent.id);
    if (seen?.intentId !== intent.intentId) {
      findings.push({ invariant: "I10", detail: `${what}: shown under another intent` });
    } else if (!seen.converged) {
      findings.push({ invariant: "I10", detail: `${what}: shown as drifted` });
    }
    return findings;
  };

  return {
    name: "apps",
    compose: (process) => {
      const host = new ScriptedHost(world, process);
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
